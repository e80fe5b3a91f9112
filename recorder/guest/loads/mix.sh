# anonymous memory, files on disk and in memory, a compile-like fork load; contiguous calls beside them

# Programs that come and go, reading, compressing and writing files.
compile() {
  i=0
  while [ $i -lt $1 ]; do
    gzip -c < /src/f$((i % 40)) > $DATA/o$i.gz
    md5sum < $DATA/o$i.gz > $DATA/s$i
    sort /src/f$((i * 7 % 40)) | tail -n 5 > /dev/null
    awk '{ n += length($0) } END { print n }' /src/f$((i * 3 % 40)) > /dev/null
    ls -l $DATA | wc -l > /dev/null
    [ $((i % 4)) = 3 ] && rm -f $DATA/o$((i - 2)).gz
    i=$((i + 1))
  done
}

anonymous $((SEED + 1)) $((150 * SIZE)) $((1500 * SIZE)) &
files $((SEED + 2)) $DATA 150 1024 $((300 * SIZE)) &
files $((SEED + 3)) /tmp 60 256 $((150 * SIZE)) &
compile $((25 * SIZE)) &
sleep 1
contiguous
