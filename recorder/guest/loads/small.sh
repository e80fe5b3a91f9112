# a second of anonymous memory and files: enough to check a recorder
anonymous $((SEED + 1)) $((32 * SIZE)) $((200 * SIZE)) &
files $((SEED + 2)) $DATA 40 256 $((60 * SIZE)) &
contiguous
