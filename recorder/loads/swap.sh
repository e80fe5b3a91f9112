# shellcheck shell=sh
# More anonymous memory than there is room for. ZRAM: MiB of compressed swap, used first; the rest on a swap file.
. "${LOADS:-/loads}/contiguous.sh"

# As much as memory without the area and three quarters of the file take: it must fit while all of the area is lent.
file=$(least $((MEMORY / 2)) $((ROOM * 3 / 4)))
amount=$(most $((MEMORY - AREA - 64 + file * 3 / 4)) $((MEMORY / 2)))
ZRAM=${ZRAM:-$((MEMORY / 8))}
if [ "$ZRAM" -gt 0 ] && [ -b /dev/zram0 ]; then
	echo $((ZRAM << 20)) >/sys/block/zram0/disksize
	mkswap /dev/zram0 >/dev/null && swapon /dev/zram0 # first on, first used
else
	ZRAM=0
fi
dd if=/dev/zero of="$DATA/swap" bs=1048576 count="$file" 2>/dev/null
chmod 600 "$DATA/swap"
mkswap "$DATA/swap" >/dev/null && swapon "$DATA/swap"

swapped() { awk '$1 == "pswpin" || $1 == "pswpout" {printf "%s %s ", $1, $2}' /proc/vmstat; }
before=$(swapped)
run swap "$SEED" "$amount" $((800 * SIZE)) &
contiguous
wait
echo "swap: $ZRAM MiB of zram, $file MiB of file, before: ${before}after: $(swapped)" >>"$RESULTS/load.log"
swapoff "$DATA/swap"
rm -f "$DATA/swap"
[ "$ZRAM" = 0 ] || { swapoff /dev/zram0 && echo 1 >/sys/block/zram0/reset; }
finish swap
