/* metadata SEED FOLDER ROUNDS: the metadata of a file system. Files in 16 folders are created (three rounds in eight),
   unlinked (two), renamed into another folder, or all of a folder is looked at; one round in eight calls fsync().
   Names are long and files small, so that nearly all that is read and written are directories, inodes and bitmaps.

   Kernel: ext4_getblk(), sb_getblk(), sb_bread() fill the block device's own page cache: GFP_NOFS|__GFP_NOFAIL|
   __GFP_MOVABLE without __GFP_HIGHMEM; jbd2 keeps buffers until a commit.  It matters most of all: such pages may be
   in a MIGRATE_CMA area, never in ZONE_CMA, and whoever refers to a buffer makes contiguous calls fail with EBUSY. */
#include "load.h"
#include <dirent.h>
#include <sys/stat.h>

#define FOLDERS 16
#define FILES 4096

static const char *top;

static char *path_of(char *path, uint64_t folder, uint64_t file)
{
	sprintf(path, "%s/folder%" PRIu64 "/%0100" PRIu64, top, folder, file);
	return path;
}

static void create(const char *path, int now)
{
	int file = open(path, O_CREAT | O_WRONLY, 0644);
	if (file < 0 || write(file, path, 100) < 0 || (now && fsync(file)))
		return (void)close(file); /* no room: as with a real load, the next unlink helps */
	close(file);
}

/* Looks at every entry of a folder, or unlinks it, and says how many there were. */
static size_t walk(uint64_t folder, int unlinking)
{
	char path[PATH_MAX];
	struct stat is;
	size_t seen = 0;
	snprintf(path, sizeof path, "%s/folder%" PRIu64, top, folder);
	DIR *entries = opendir(path);
	if (!entries)
		die(path);
	for (struct dirent *entry; (entry = readdir(entries)); seen++)
		if (unlinking)
			unlinkat(dirfd(entries), entry->d_name, 0);
		else
			fstatat(dirfd(entries), entry->d_name, &is, AT_SYMLINK_NOFOLLOW);
	closedir(entries);
	if (unlinking)
		rmdir(path);
	return seen;
}

int main(int argc, char **argv)
{
	char path[PATH_MAX], other[PATH_MAX];
	size_t seen = 0;
	begin(argc, argv, "SEED FOLDER ROUNDS");
	top = argv[2];
	for (uint64_t folder = 0; folder < FOLDERS; folder++) {
		snprintf(path, sizeof path, "%s/folder%" PRIu64, top, folder);
		if (mkdir(path, 0755))
			die(path);
	}
	for (uint64_t round = number(argv[3]); round; round--) {
		uint64_t what = below(8), folder = below(FOLDERS), to = below(FOLDERS), file = below(FILES);
		ask(what, folder << 32 | to, file);
		path_of(path, folder, file);
		if (what < 4)
			create(path, what == 3);
		else if (what < 6)
			unlink(path);
		else if (what == 6)
			rename(path, path_of(other, to, file));
		else if (file % 16 == 0)
			seen += walk(folder, 0);
	}
	for (uint64_t folder = 0; folder < FOLDERS; folder++)
		walk(folder, 1);
	return end("%zu entries looked at", seen);
}
