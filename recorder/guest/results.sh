# What is brought back: files of /proc, the trace, and what is needed to read it.
FORMATS="header_page header_event cma compaction eprobes filemap ftrace kmem kprobes migrate page_isolation pagemap \
synthetic vmscan writeback"

# proc_files MOMENT: the kernel's figures, before or after the load
proc_files() {
  mkdir -p $RESULTS/$1
  for f in zoneinfo buddyinfo pagetypeinfo vmstat meminfo iomem; do cat /proc/$f > $RESULTS/$1/$f; done
}

event_formats() {
  cd $TRACING
  for f in $FORMATS; do
    for g in events/$f events/$f/*/format; do
      [ -f $g ] && mkdir -p $RESULTS/${g%/*} && cat $g > $RESULTS/$g
    done
  done
  cat saved_cmdlines > $RESULTS/saved_cmdlines
  cat printk_formats > $RESULTS/printk_formats
  cat /proc/kallsyms > $RESULTS/kallsyms
}

areas() {
  for f in /sys/kernel/mm/cma/*/*; do [ -f $f ] && echo $f $(cat $f); done
}

# A guest without disks is given two at its end: one has room for the raw trace, the other takes the results.
late_disks() {
  echo 1 > /sys/bus/pci/rescan
  mount -t ext4 /dev/vda /raw
}

# One tar on the second disk, which the host reads.
bring_back() {
  [ -b /dev/vda ] || late_disks
  areas > $RESULTS/cmasysfs
  dmesg > $RESULTS/dmesg
  uname -a > $RESULTS/uname
  cat /proc/cmdline > $RESULTS/cmdline
  if grep -q page_owner=on /proc/cmdline; then
    # A read gives one record, and fails where its buffer is too small for it: gzip's own reads are.
    dd if=/sys/kernel/debug/page_owner bs=4096 2> /dev/null | gzip -c > $RESULTS/after/page_owner.gz
  fi
  for cpu in $T/per_cpu/cpu*; do
    cat $cpu/stats > $RESULTS/stats.${cpu##*/}
    ringbuffer $cpu/trace_pipe_raw /raw/${cpu##*/}
  done
  event_formats
  cd /tmp
  tar cf /dev/vdb res /raw
  sync
}
