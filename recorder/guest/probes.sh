# Probes where the kernel has no tracepoint.  One that this kernel cannot have is left out, and said so.

# probe NAME FUNCTION DEFINITION: a probe, if the kernel has the function
probe() {
  grep -q " $2\$" /proc/kallsyms || return 1
  echo "$3" >> $TRACING/dynamic_events || echo "recorder: probe $1 refused"
}

# page_pointers ARRAY: fetch arguments p0 to p99 of an array of struct pages, as many as one call of vmalloc asks for
page_pointers() {
  i=0
  while [ $i -lt 100 ]; do
    echo -n " p$i=+$((i * 8))($1):x64"
    i=$((i + 1))
  done
}

# Bulk allocations (vmalloc, splice) emit no mm_page_alloc.  6.12 has the arguments at the return; on 6.1 a
# histogram's variable carries the array from the call to the return, and a probe on that reads it.
bulk_probes() {
  probe bulk alloc_pages_bulk_noprof \
    "r:kprobes/bulk alloc_pages_bulk_noprof n=\$retval nr=\$arg4:u32 gfp=\$arg1:x32 arr=\$arg6 $(page_pointers '$arg6')" && return
  probe bulkin __alloc_pages_bulk "p:kprobes/bulkin __alloc_pages_bulk gfp=%di nr=%cx list=%r8 arr=%r9:x64" || return
  echo "r:kprobes/bulkout __alloc_pages_bulk n=\$retval:u64" >> $TRACING/dynamic_events
  echo "s:bulkdone u64 n; u64 arr" >> $TRACING/dynamic_events
  echo "e:eprobes/bulk synthetic.bulkdone n=\$n:u64 arr=\$arr:x64 $(page_pointers '$arr')" >> $TRACING/dynamic_events
  echo 'hist:keys=common_pid:arr=arr' > $TRACING/events/kprobes/bulkin/trigger
  echo 'hist:keys=common_pid:n=n,arr_in=$arr:onmatch(kprobes.bulkin).bulkdone($n,$arr_in)' \
    > $TRACING/events/kprobes/bulkout/trigger
  echo 1 > $TRACING/events/eprobes/bulk/enable
}

add_probes() {
  echo 4096 > $TRACING/saved_cmdlines_size  # names of all tasks, not of the last 128
  bulk_probes
  probe isolfree __isolate_free_page "p:kprobes/isolfree __isolate_free_page page=%di:x64 order=%si:u32"
  probe putback __putback_isolated_page "p:kprobes/putback __putback_isolated_page page=%di:x64 order=%si:u32"
  probe decay decay_pcp_high "p:kprobes/decay decay_pcp_high zone=%di:x64 pcp=%si:x64"
  probe swapout swap_writepage "p:kprobes/swapout swap_writepage page=%di:x64"
  probe swapin swap_read_folio "p:kprobes/swapin swap_read_folio page=%di:x64" ||
    probe swapin swap_readpage "p:kprobes/swapin swap_readpage page=%di:x64"
  echo 1 > $T/events/kprobes/enable
}
