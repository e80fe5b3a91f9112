# What the kernel's command line says of the load, under the names that loads use.
SEED=${GTSEED:-0} SIZE=${GTSIZE:-1}
CALLS=$GTCALLS CALLS_COUNT=$GTCALLS_COUNT CALLS_HOLD=$GTCALLS_HOLD CALLS_GAP=$GTCALLS_GAP CALLS_KEEP=$GTCALLS_KEEP
HEAP=$(ls /dev/dma_heap 2>/dev/null | grep -v system | head -n 1)
