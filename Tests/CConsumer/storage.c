/* A disk that fails: each open, write, sync and rename in turn, once and for good, a full disk, a limit on files, and a process that is killed while it
 * saves. The file is the old one or the new one, whole; nothing else is left behind. With STEIN_SOAK a thousand processes are killed. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

/* ---- The library's calls of the system come here ---------------------------------------------------------------------------------- */

typedef enum { OPEN, READ, WRITE, FSYNC, RENAME, CLOSE, FSTAT, FCHMOD, CALLS } system_call;
static const char *const call_names[] = {"open", "read", "write", "fsync", "rename", "close", "fstat", "fchmod"};
static int counts[CALLS], watching, pieces;
static struct { system_call call; int at, for_good, code; } fault = {CALLS, 0, 0, 0};

static int fails(system_call call) {
  if (!watching) return 0;
  int number = counts[call]++;
  if (call != fault.call || number < fault.at || (!fault.for_good && number != fault.at)) return 0;
  errno = fault.code;
  return 1;
}

int open(const char *path, int flags, ...) {
  va_list list;
  va_start(list, flags);
  int mode = flags & O_CREAT ? va_arg(list, int) : 0;
  va_end(list);
  return fails(OPEN) ? -1 : (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}
ssize_t read(int file, void *bytes, size_t count) { return fails(READ) ? -1 : syscall(SYS_read, file, bytes, pieces && count > 7 ? 7 : count); }
ssize_t write(int file, const void *bytes, size_t count) {
  return fails(WRITE) ? -1 : syscall(SYS_write, file, bytes, pieces && count > 7 ? 7 : count);
}
int fsync(int file) { return fails(FSYNC) ? -1 : (int)syscall(SYS_fsync, file); }
int rename(const char *from, const char *to) { return fails(RENAME) ? -1 : (int)syscall(SYS_rename, from, to); }
int close(int file) {
  int failing = fails(CLOSE), code = errno;
  int result = (int)syscall(SYS_close, file);
  return failing ? (errno = code, -1) : result;
}
int fstat(int file, struct stat *status) { return fails(FSTAT) ? -1 : (int)syscall(SYS_fstat, file, status); }
int fchmod(int file, mode_t mode) { return fails(FCHMOD) ? -1 : (int)syscall(SYS_fchmod, file, mode); }

/* ---- What is there ------------------------------------------------------------------------------------------------------------------- */

static const char *folder = "storage.folder", *path = "storage.folder/file";

static int entries(const char *of) {
  int count = 0;
  DIR *directory = opendir(of);
  while (directory && readdir(directory)) count++;
  if (directory) closedir(directory);
  return count - 2;
}

typedef struct { unsigned char *bytes; size_t size; } content;
static content contents(const char *name) {
  content found = {NULL, 0};
  FILE *file = fopen(name, "rb");
  if (!file) return found;
  found.bytes = malloc(1 << 20);
  found.size = fread(found.bytes, 1, 1 << 20, file);
  fclose(file);
  return found;
}
static int same(content a, content b) { return a.bytes && b.bytes && a.size == b.size && !memcmp(a.bytes, b.bytes, a.size); }

/* ---- Saving ---------------------------------------------------------------------------------------------------------------------------- */

static stein_context *context;
static stein_dataset *dataset;
static stein_model *first, *second;
static stein_trainer *trainer;
static stein_density *density;
static stein_chains *chains;

typedef stein_status (*save)(void);
static stein_status save_first(void) { return stein_model_save(first, path, &error); }
static stein_status save_second(void) { return stein_model_save(second, path, &error); }
static stein_status save_trainer(void) { return stein_trainer_save(trainer, path, &error); }
static stein_status save_chains(void) { return stein_chains_save(chains, path, &error); }

/* `again` replaces what `before` wrote while each system call in turn fails. */
static void fail_each(const char *what, save before, save again) {
  CHECK(before() == STEIN_OK);
  content old = contents(path);
  CHECK(again() == STEIN_OK);
  content new = contents(path);
  CHECK(!same(old, new));
  int cases = 0, refused = 0, wrong = 0;
  const int codes[] = {EIO, ENOSPC, EDQUOT, EACCES, EINTR};
  for (int call = 0; call < CALLS; call++) {
    for (int code = 0; code < 5; code++) {
      for (int for_good = 0; for_good < 2; for_good++) {
        for (int n = 0;; n++) {
          int tried_again = codes[code] == EINTR && (call == OPEN || call == READ || call == WRITE || call == FSYNC);
          if (tried_again && for_good) break; /* would be tried for ever, as is right */
          CHECK(before() == STEIN_OK);
          int descriptors = entries("/proc/self/fd");
          memset(counts, 0, sizeof counts);
          fault.call = (system_call)call, fault.at = n, fault.for_good = for_good, fault.code = codes[code];
          memset(&error, 0, sizeof error), error.struct_size = sizeof error;
          watching = 1;
          stein_status status = again();
          watching = 0;
          int reached = counts[call] > n;
          content now = contents(path);
          int good = status == STEIN_OK ? same(now, new) : status == STEIN_IO && error.message[0] && error.parameter == 2 && same(now, old);
          good &= status == STEIN_OK || !(tried_again || (codes[code] == EINTR && call == CLOSE));
          good &= entries(folder) == 1 && entries("/proc/self/fd") == descriptors;
          if (!good) {
            wrong++;
            printf("%s, %s number %d %s: %d %s, %d files, %d descriptors\n", what, call_names[call], n, strerror(codes[code]), status, error.message,
                   entries(folder), entries("/proc/self/fd") - descriptors);
          }
          cases++, refused += status != STEIN_OK;
          free(now.bytes);
          if (!reached || n > 40) break;
        }
      }
    }
  }
  printf("%s: %d failures of the system, %d refused, %d wrong\n", what, cases, refused, wrong);
  CHECK(wrong == 0 && refused > 20);
  pieces = 1;
  CHECK(before() == STEIN_OK && again() == STEIN_OK);
  pieces = 0;
  content now = contents(path);
  CHECK(same(now, new));
  free(now.bytes), free(old.bytes), free(new.bytes);
}

static stein_status load(void) {
  stein_model *model = NULL;
  stein_status status = stein_model_load(context, path, &model, &error);
  if (status && model) status = 999;
  stein_model_free(model);
  return status;
}

static void fail_reading(void) {
  CHECK(save_first() == STEIN_OK);
  const int codes[] = {EIO, EACCES, EMFILE, EINTR};
  for (int call = 0; call < CALLS; call++) {
    for (int code = 0; code < 4; code++) {
      for (int n = 0; n < 4; n++) {
        int descriptors = entries("/proc/self/fd");
        memset(counts, 0, sizeof counts);
        fault.call = (system_call)call, fault.at = n, fault.for_good = 0, fault.code = codes[code];
        watching = 1;
        stein_status status = load();
        watching = 0;
        CHECK(status == STEIN_IO || (status == STEIN_OK && (counts[call] <= n || call == CLOSE || codes[code] == EINTR)));
        CHECK(status == STEIN_OK || codes[code] != EINTR || call == FSTAT);
        CHECK(entries("/proc/self/fd") == descriptors);
      }
    }
  }
  pieces = 1;
  CHECK(load() == STEIN_OK);
  pieces = 0;
}

/* ---- A full disk, and a limit on files -------------------------------------------------------------------------------------------------- */

static int in_child(int (*body)(void)) {
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    failed = 0;
    int code = body();
    fflush(stdout);
    _exit(code ? code : failed != 0);
  }
  int result = -1;
  waitpid(child, &result, 0);
  return WIFEXITED(result) ? WEXITSTATUS(result) : 1000 + WTERMSIG(result);
}

static int full_disk(void) {
  const char *disk = "storage.disk", *file = "storage.disk/file";
  mkdir(disk, 0700);
  if (mount("tmpfs", disk, "tmpfs", 0, "size=64k")) return 77;
  CHECK(stein_model_save(first, file, &error) == STEIN_OK);
  content old = contents(file);
  /* What is left is filled. */
  int filler = open("storage.disk/filler", O_CREAT | O_WRONLY, 0600);
  static char zeros[1024];
  while (write(filler, zeros, sizeof zeros) > 0) continue;
  close(filler);
  CHECK(stein_model_save(second, file, &error) == STEIN_IO && strstr(error.message, "space") != NULL);
  CHECK(stein_trainer_save(trainer, file, &error) == STEIN_IO);
  content now = contents(file);
  CHECK(same(now, old) && entries(disk) == 2);
  unlink("storage.disk/filler");
  CHECK(stein_model_save(second, file, &error) == STEIN_OK);
  umount2(disk, MNT_DETACH);
  rmdir(disk);
  return 0;
}

/* The limit's signal would end the process; the library leaves the host's handling of it as it was. */
static int limited_files(void) {
  struct rlimit limit = {700, 700};
  CHECK(save_first() == STEIN_OK);
  content old = contents(path);
  signal(SIGXFSZ, SIG_DFL);
  setrlimit(RLIMIT_FSIZE, &limit);
  sigset_t before, after, pending;
  sigprocmask(SIG_SETMASK, NULL, &before);
  stein_status status = save_second();
  sigprocmask(SIG_SETMASK, NULL, &after);
  sigpending(&pending);
  int kept = sigismember(&after, SIGXFSZ) == sigismember(&before, SIGXFSZ) && !sigismember(&pending, SIGXFSZ);
  content now = contents(path);
  int whole = same(now, old) && entries(folder) == 1;
  return status == STEIN_IO && strstr(error.message, "too large") && kept && whole ? 0 : 1;
}

/* ---- Killed ------------------------------------------------------------------------------------------------------------------------------ */

static void kill_while_saving(int times) {
  CHECK(save_second() == STEIN_OK);
  content new = contents(path);
  CHECK(save_first() == STEIN_OK);
  content old = contents(path);
  int of_old = 0, of_new = 0, left = 0, wrong = 0, kills = 0;
  uint32_t state = 12345;
  /* Until both were met: on a busy machine, and under memcheck, a child may not come to its second save, and is given longer. */
  for (int i = 0; i < times || (i < 100 * times && !(of_old && of_new)); i++) {
    int ready[2];
    char byte;
    if (pipe(ready)) abort();
    pid_t child = fork();
    if (child == 0) {
      for (int k = 0;; k++) {
        if ((k % 2 ? save_first() : save_second()) != STEIN_OK) _exit(1);
        if (k == 0 && write(ready[1], "x", 1) != 1) _exit(2);
      }
    }
    if (read(ready[0], &byte, 1) != 1) wrong++;
    state = state * 1664525u + 1013904223u;
    struct timespec wait = {0, (long)(state >> 8) % 3000000 * (1 + i / times)};
    nanosleep(&wait, NULL);
    kill(child, SIGKILL), kills++;
    int result = 0;
    waitpid(child, &result, 0);
    if (!WIFSIGNALED(result)) wrong++, printf("a saving child ended by itself: %d\n", result);
    close(ready[0]), close(ready[1]);
    content now = contents(path);
    if (same(now, old)) of_old++;
    else if (same(now, new)) of_new++;
    else wrong++, printf("after kill %d the file is neither\n", i);
    free(now.bytes);
    if (load() != STEIN_OK) wrong++;
    /* What a killed process leaves is its own beginning of a file, under a name of its own. */
    DIR *directory = opendir(folder);
    for (struct dirent *entry; directory && (entry = readdir(directory));) {
      char name[600];
      snprintf(name, sizeof name, "%s/%s", folder, entry->d_name);
      if (strstr(entry->d_name, ".tmp")) left++, unlink(name);
    }
    if (directory) closedir(directory);
    if (entries(folder) != 1) wrong++;
  }
  printf("%d killed while saving: the old file %d times, the new one %d times, neither %d; %d beginnings left beside it\n", kills, of_old, of_new, wrong,
         left);
  CHECK(wrong == 0 && of_old > 0 && of_new > 0);
  free(old.bytes), free(new.bytes);
}

int main(void) {
  mkdir(folder, 0700);
  CHECK(stein_context_new("threads=1", NULL, &context, &error) == STEIN_OK);
  dataset = make_rows(context, 60);
  first = make_trained(context, dataset, "widths=8");
  second = make_trained(context, dataset, "widths=16,16");
  stein_model *third = NULL;
  CHECK(stein_model_new(context, dataset, "widths=8", &third, &error) == STEIN_OK);
  CHECK(stein_trainer_new(third, dataset, "steps=9", &trainer, &error) == STEIN_OK);
  CHECK(stein_trainer_run(trainer, 2, NULL, NULL, &error) == STEIN_OK);

  stein_model *gaussian = make_trained(context, dataset, "family=gaussian");
  CHECK(stein_density_from_model(gaussian, NULL, 0.5, &density, &error) == STEIN_OK);
  CHECK(stein_chains_new(density, "chains=2", NULL, &chains, &error) == STEIN_OK);

  fail_each("model", save_first, save_second);
  fail_each("checkpoint", save_first, save_trainer);
  fail_each("chains", save_first, save_chains);
  fail_reading();
  CHECK(in_child(limited_files) == 0);
  int disk = in_child(full_disk);
  if (disk == 77) puts("skipped: no disk of 64 KiB can be mounted here");
  else CHECK(disk == 0);
  kill_while_saving(getenv("STEIN_SOAK") ? 1000 : 1 + 59 / stride());
  unlink(path), rmdir(folder), rmdir("storage.disk");
  stein_chains_free(chains), stein_density_free(density), stein_model_free(gaussian);
  stein_trainer_free(trainer), stein_model_free(first), stein_model_free(second), stein_model_free(third);
  stein_dataset_free(dataset), stein_context_free(context);
  return report("storage");
}
