/* The processes that the library may find itself in: forked, about to exit, with two copies of it, with a timer, in another language, in another
 * floating-point mode, with small stacks, without standard streams, short of memory, threads and descriptors. Each in a child, under a watchdog, and
 * with the same bits. With STEIN_SOAK each many times. R6, R11, R15, R18. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fenv.h>
#include <locale.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <xmmintrin.h>

#include "check.h"
#include "everything.h"

static uint64_t expected;
static char library_path[4096];
static int soak;

/* 1 if all is done, with the bits expected. */
static int done_with(void *library, const char *threads, const char *name) {
  everything_state state = {library, {0}, 0, ""};
  stein_status status = everything(&state, threads, name);
  if (status || state.hash != expected)
    fprintf(stderr, "%s: %d at %s: %s; hash %llx, not %llx\n", name, status, state.at, state.error.message, (unsigned long long)state.hash,
            (unsigned long long)expected);
  return status == STEIN_OK && state.hash == expected;
}

static int entries(const char *of) {
  int count = 0;
  DIR *directory = opendir(of);
  while (directory && readdir(directory)) count++;
  if (directory) closedir(directory);
  return count;
}

/* The exit status of `body` in a child, 1000 and the signal if that ended it: SIGALRM's 14 after ten minutes, when it stands still. */
static int in_child(int (*body)(void)) {
  fflush(NULL);
  pid_t child = fork();
  if (child == 0) {
    failed = 0;
    alarm(600);
    int code = body();
    fflush(NULL);
    _exit(code ? code : failed != 0);
  }
  int result = -1;
  waitpid(child, &result, 0);
  return WIFEXITED(result) ? WEXITSTATUS(result) : 1000 + WTERMSIG(result);
}

/* ---- fork ------------------------------------------------------------------------------------------------------------------------------- */

static stein_context *context;
static stein_dataset *dataset;
static stein_model *idle, *trained;
static stein_trainer *trainer;
static stein_monitor monitor;

static void *train(void *status) {
  *(stein_status *)status = stein_trainer_run(trainer, 0, NULL, &monitor, NULL);
  return NULL;
}
static void *sample_for_ever(void *user) {
  float rows[300];
  int64_t shape[] = {100, 3};
  stein_tensor out = stein_float32(rows, 2, shape);
  while (!monitor.cancel)
    if (stein_sample(trained, NULL, NULL, "steps=2", &out, NULL, NULL) != STEIN_OK) *(int *)user = 1;
  return NULL;
}

static float drawn[300];
static stein_tensor out_of(float *rows) {
  static int64_t shape[] = {100, 3};
  return stein_float32(rows, 2, shape);
}

static int forked(void) {
  float rows[300];
  stein_tensor out = out_of(rows);
  CHECK(stein_sample(idle, NULL, NULL, "seed=5 steps=3", &out, NULL, &error) == STEIN_OK && !memcmp(rows, drawn, sizeof rows));
  CHECK(stein_trainer_run(trainer, 1, NULL, NULL, &error) == STEIN_BUSY);
  CHECK(stein_trainer_free(trainer) == STEIN_OK && stein_model_free(trained) == STEIN_OK);
  CHECK(done_with(NULL, "threads=2", "process.forked"));
  CHECK(stein_model_free(idle) == STEIN_OK && stein_dataset_free(dataset) == STEIN_OK && stein_context_free(context) == STEIN_OK);
  return 0;
}

static int fork_while_training(void) {
  CHECK(stein_context_new("threads=2", NULL, &context, &error) == STEIN_OK);
  dataset = make_rows(context, 400);
  idle = make_trained(context, dataset, "widths=16");
  stein_tensor out = out_of(drawn);
  CHECK(stein_sample(idle, NULL, NULL, "seed=5 steps=3", &out, NULL, &error) == STEIN_OK);
  CHECK(stein_model_new(context, dataset, "widths=64,64", &trained, &error) == STEIN_OK);
  CHECK(stein_trainer_new(trained, dataset, "steps=100000000 validation=0", &trainer, &error) == STEIN_OK);
  CHECK(stein_trainer_run(trainer, 3, NULL, NULL, &error) == STEIN_OK);
  memset(&monitor, 0, sizeof monitor), monitor.struct_size = sizeof monitor;
  pthread_t worker, sampler;
  stein_status status = -1;
  int wrong = 0;
  pthread_create(&worker, NULL, train, &status), pthread_create(&sampler, NULL, sample_for_ever, &wrong);
  while (monitor.step < 10) usleep(1000);
  int bad = 0, times = soak ? 300 : 1 + 11 / stride();
  for (int i = 0; i < times; i++) {
    usleep((unsigned)(i * 7919) % 3000);
    int code = in_child(forked);
    bad += code != 0;
    if (code) printf("fork %d: the child ended with %d\n", i, code);
  }
  monitor.cancel = 1;
  pthread_join(worker, NULL), pthread_join(sampler, NULL);
  CHECK(status == STEIN_CANCELLED && !wrong && !bad);
  printf("forked %d times while training and sampling: %d wrong\n", times, bad);
  CHECK(stein_trainer_run(trainer, 1, NULL, NULL, &error) == STEIN_OK);
  return 0;
}

/* ---- exit --------------------------------------------------------------------------------------------------------------------------------- */

static int way;
static void *leave(void *user) {
  (void)user;
  usleep(1000);
  exit(40);
}
static int exit_while_training(void) {
  if (stein_context_new("threads=2", NULL, &context, NULL)) return 1;
  dataset = make_rows(context, 400);
  idle = make_trained(context, dataset, "widths=16");
  if (stein_model_new(context, dataset, "widths=64,64", &trained, NULL)) return 1;
  if (stein_trainer_new(trained, dataset, "steps=100000000 validation=0", &trainer, NULL)) return 1;
  memset(&monitor, 0, sizeof monitor), monitor.struct_size = sizeof monitor;
  static stein_status status = -1;
  static int wrong;
  pthread_t worker, sampler, leaver;
  pthread_create(&worker, NULL, train, &status), pthread_create(&sampler, NULL, sample_for_ever, &wrong);
  while (monitor.step < 3) usleep(500);
  switch (way) {
    case 0: exit(40);
    case 1: quick_exit(40);
    case 2: _exit(40);
    default: pthread_create(&leaver, NULL, leave, NULL), pthread_join(leaver, NULL);
  }
  return 1;
}

/* ---- Copies of the library --------------------------------------------------------------------------------------------------------------- */

static int copy_library(const char *name) {
  char command[9000];
  snprintf(command, sizeof command, "cp '%s' '%s'", library_path, name);
  return system(command) == 0;
}

static void *use_copy(void *library) { return (void *)(intptr_t)done_with(library, "threads=2", dlsym(library, "stein_version") ? "process.copy" : ""); }

static int copies(void) {
  if (!copy_library("./process-1.so") || !copy_library("./process-2.so")) return 1;
  void *one = dlopen("./process-1.so", RTLD_NOW | RTLD_LOCAL), *two = dlopen("./process-2.so", RTLD_NOW | RTLD_GLOBAL);
  CHECK(one && two && one != two && dlsym(one, "stein_version") != dlsym(two, "stein_version"));
  if (!one || !two) return 1;
  CHECK(done_with(one, "threads=2", "process.one") && done_with(two, "threads=2", "process.two") && done_with(NULL, "threads=2", "process.three"));
  pthread_t thread;
  void *good = NULL;
  pthread_create(&thread, NULL, use_copy, one);
  CHECK(done_with(two, "threads=2", "process.two"));
  pthread_join(thread, &good);
  CHECK(good != NULL);
  return 0;
}

static int open_and_close(void) {
  if (!copy_library("./process-3.so")) return 1;
  int descriptors = 0, threads = 0, times = soak ? 2000 : 1 + 199 / stride();
  for (int i = 0; i < times; i++) {
    void *library = dlopen("./process-3.so", RTLD_NOW | RTLD_LOCAL);
    if (!library) return puts(dlerror()), 1;
    if (i % 20 == 0 && !done_with(library, "threads=2", "process.opened")) return 1;
    if (dlclose(library)) return puts(dlerror()), 1;
    if (i == 0) descriptors = entries("/proc/self/fd"), threads = entries("/proc/self/task");
  }
  CHECK(entries("/proc/self/fd") == descriptors && entries("/proc/self/task") == threads);
  printf("opened and closed %d times: %d threads\n", times, threads - 2);
  CHECK(threads == 3); /* one thread, and two names of folders */
  return 0;
}

/* ---- Surroundings -------------------------------------------------------------------------------------------------------------------------- */

static volatile sig_atomic_t rings;
static void ring(int number) { (void)number, rings++; }
static int with_timer(void) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = ring; /* without SA_RESTART */
  sigaction(SIGPROF, &action, NULL), sigaction(SIGALRM, &action, NULL), sigaction(SIGVTALRM, &action, NULL);
  struct itimerval each = {{0, 1000}, {0, 1000}};
  setitimer(ITIMER_REAL, &each, NULL), setitimer(ITIMER_PROF, &each, NULL);
  for (int i = 0; i < (soak ? 200 : 1 + 4 / stride()); i++) CHECK(done_with(NULL, "threads=2", "process.timer"));
  memset(&each, 0, sizeof each);
  setitimer(ITIMER_REAL, &each, NULL), setitimer(ITIMER_PROF, &each, NULL);
  printf("interrupted %ld times\n", (long)rings);
  CHECK(rings > 10);
  return 0;
}

static int with_decimal_comma(void) {
  mkdir("process-locales", 0700);
  if (system("localedef -i de_DE -f UTF-8 ./process-locales/de_DE.UTF-8 >/dev/null 2>&1") > 1 << 8) return 77;
  char here[4096];
  if (!getcwd(here, sizeof here - 20)) return 1;
  strcat(here, "/process-locales");
  setenv("LOCPATH", here, 1);
  if (!setlocale(LC_ALL, "de_DE.UTF-8")) return 77;
  char number[16];
  snprintf(number, sizeof number, "%.1f", 1.5);
  CHECK(strcmp(number, "1,5") == 0);
  CHECK(done_with(NULL, "threads=2", "process.locale"));
  CHECK(strcmp(setlocale(LC_ALL, NULL), "de_DE.UTF-8") == 0);
  return 0;
}

static int with_modes(void) {
  if (stride() > 1) return 77; /* valgrind knows no flushing and no traps */
  const int roundings[] = {FE_TONEAREST, FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO};
  for (int i = 0; i < 4; i++) {
    for (int flush = 0; flush < 2; flush++) {
      fesetround(roundings[i]);
      unsigned mode = (_mm_getcsr() & ~0x8040u & ~0x3fu) | (flush ? 0x8040u : 0); /* flush to zero, denormals are zero */
      _mm_setcsr(mode);
      int good = done_with(NULL, flush ? "threads=1" : "threads=2", "process.modes");
      unsigned after = _mm_getcsr() & ~0x3fu;
      int rounding = fegetround();
      fesetround(FE_TONEAREST), _mm_setcsr(0x1f80);
      CHECK(good && after == mode && rounding == roundings[i]);
    }
  }
  /* Exceptions that a host unmasks to find its own mistakes are not of the library's numbers. */
  feenableexcept(FE_DIVBYZERO | FE_INVALID | FE_OVERFLOW);
  CHECK(done_with(NULL, "threads=2", "process.traps"));
  CHECK(fegetexcept() == (FE_DIVBYZERO | FE_INVALID | FE_OVERFLOW));
  return 0;
}

static void *on_small_stack(void *user) {
  (void)user;
  return (void *)(intptr_t)done_with(NULL, "threads=2", "process.stack");
}
static int with_small_stack(void) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  if (pthread_attr_setstacksize(&attributes, 256 << 10)) return 1;
  pthread_t thread;
  void *good = NULL;
  if (pthread_create(&thread, &attributes, on_small_stack, NULL)) return 1;
  pthread_join(thread, &good);
  CHECK(good != NULL);
  return 0;
}

static int without_streams(void) {
  close(0), close(1), close(2);
  int good = done_with(NULL, "threads=2", "process.streams");
  return good && fcntl(0, F_GETFD) < 0 && fcntl(1, F_GETFD) < 0 && fcntl(2, F_GETFD) < 0 ? 0 : 1;
}

static int silent(void) {
  int file = open("process.output", O_CREAT | O_TRUNC | O_RDWR, 0600), kept = dup(2);
  dup2(file, 1), dup2(file, 2);
  everything_state state = {NULL, {0}, 0, ""};
  stein_status status = everything(&state, "threads=2", "process.silent");
  stein_status refused = stein_context_new("threads=-5", NULL, &context, &error);
  fflush(NULL);
  struct stat size;
  fstat(file, &size);
  dup2(kept, 2);
  unlink("process.output");
  return status == STEIN_OK && refused == STEIN_BAD_OPTION && size.st_size == 0 ? 0 : 1;
}

static int without_descriptors(void) {
  struct rlimit none = {3, 3};
  setrlimit(RLIMIT_NOFILE, &none);
  while (open("/dev/null", O_RDONLY) >= 0) continue;
  everything_state state = {NULL, {0}, 0, ""};
  return everything(&state, "threads=2", "process.descriptors") == STEIN_IO ? 0 : 1;
}

static int write_text(const char *folder, const char *name, const char *text) {
  char place[300];
  snprintf(place, sizeof place, "%s/%s", folder, name);
  int file = open(place, O_WRONLY), good = file >= 0 && write(file, text, strlen(text)) == (ssize_t)strlen(text);
  if (file >= 0) close(file);
  return good;
}

/* The threads that a context without a number has, the caller's among them. */
static int threads_by_default(void) {
  if (stein_context_new(NULL, NULL, &context, &error)) return -1;
  dataset = make_rows(context, 400);
  idle = make_trained(context, dataset, "widths=16");
  int count = entries("/proc/self/task") - 2;
  stein_model_free(idle), stein_dataset_free(dataset), stein_context_free(context);
  return count;
}

/* A control group of our own, of version 1 or 2, where one can be made. */
static int with_quota(void) {
  int before = threads_by_default();
  if (before < 2) return 77;
  const char *const tops[] = {"/sys/fs/cgroup/cpu", "/sys/fs/cgroup/cpu,cpuacct", "/sys/fs/cgroup"};
  for (int i = 0; i < 3; i++) {
    char folder[100], id[20];
    snprintf(folder, sizeof folder, "%s/stein-test-%d", tops[i], (int)getpid()), snprintf(id, sizeof id, "%d", (int)getpid());
    if (mkdir(folder, 0700)) continue;
    int made = (write_text(folder, "cpu.cfs_quota_us", "100000") || write_text(folder, "cpu.max", "100000 100000")) && write_text(folder, "cgroup.procs", id);
    int count = made ? threads_by_default() : 0;
    int left = !made || write_text(tops[i], "cgroup.procs", id);
    CHECK(left && rmdir(folder) == 0);
    if (!made) continue;
    CHECK(count == 1);
    CHECK(threads_by_default() == before);
    return 0;
  }
  return 77;
}

/* Helpers that can't be started are done without: the limit is for users that are not root. */
static int without_threads(void) {
  if (geteuid() == 0 && (setgid(65534) || setuid(65534))) return 77;
  struct rlimit none = {1, 1};
  setrlimit(RLIMIT_NPROC, &none);
  pthread_t thread;
  if (pthread_create(&thread, NULL, on_small_stack, NULL) == 0) return pthread_join(thread, NULL), 77;
  CHECK(stein_context_new("threads=8", NULL, &context, &error) == STEIN_OK);
  dataset = make_rows(context, 400);
  idle = make_trained(context, dataset, "widths=16");
  stein_tensor out = out_of(drawn);
  CHECK(stein_sample(idle, NULL, NULL, "steps=3", &out, NULL, &error) == STEIN_OK);
  return 0;
}

static int short_of_memory(void) {
  CHECK(stein_context_new("threads=2", NULL, &context, &error) == STEIN_OK);
  dataset = make_rows(context, 400);
  struct rlimit limit = {400u << 20, 400u << 20};
  setrlimit(RLIMIT_AS, &limit);
  CHECK(stein_model_new(context, dataset, "widths=8192,8192,8192,8192", &trained, &error) == STEIN_OUT_OF_MEMORY);
  CHECK(trained == NULL && error.message[0]);
  trained = make_trained(context, dataset, "widths=16");
  int64_t shape[] = {100000000, 3};
  float one;
  stein_tensor out = stein_float32(&one, 2, shape);
  int64_t nothing[] = {0, 0};
  out.strides = nothing;
  CHECK(stein_sample(trained, NULL, NULL, "steps=3", &out, NULL, &error) == STEIN_BAD_SHAPE);
  CHECK(done_with(NULL, "threads=2", "process.memory"));
  return 0;
}

static int threads_end(void) {
  int before = entries("/proc/self/task");
  for (int i = 0; i < 20; i++)
    if (!done_with(NULL, "threads=4", "process.threads")) return 1;
  CHECK(entries("/proc/self/task") == before);
  return 0;
}

static void expect(const char *what, int (*body)(void)) {
  int code = in_child(body);
  if (code == 77) { printf("skipped here: %s\n", what); return; }
  if (code) failed++, printf("%s: ended with %d\n", what, code);
  else passed++;
}

int main(void) {
  soak = getenv("STEIN_SOAK") != NULL;
  Dl_info info;
  dladdr(dlsym(RTLD_DEFAULT, "stein_version"), &info);
  if (!realpath(info.dli_fname, library_path)) return 1;
  everything_state state = {NULL, {0}, 0, ""};
  CHECK(everything(&state, "threads=1", "process.first") == STEIN_OK);
  expected = state.hash;
  CHECK(done_with(NULL, "threads=2", "process.second"));

  expect("fork while training", fork_while_training);
  const char *const ways[] = {"exit", "quick_exit", "_exit", "exit in another thread"};
  for (way = 0; way < 4; way++) {
    int times = soak ? 100 : 1 + 7 / stride(), bad = 0;
    for (int i = 0; i < times; i++) {
      int code = in_child(exit_while_training);
      if (code != 40 && bad++ < 3) printf("%s: ended with %d\n", ways[way], code);
    }
    printf("%s while training: %d times, %d wrong\n", ways[way], times, bad);
    CHECK(bad == 0);
  }
  expect("two copies", copies);
  expect("dlopen and dlclose", open_and_close);
  expect("a timer every millisecond", with_timer);
  expect("a locale with decimal commas", with_decimal_comma);
  expect("floating-point modes", with_modes);
  expect("the stack that the header asks for", with_small_stack);
  expect("a quota of one processor", with_quota);
  expect("no standard streams", without_streams);
  expect("nothing on the standard streams", silent);
  expect("no descriptors", without_descriptors);
  expect("no threads", without_threads);
  expect("little memory", short_of_memory);
  expect("threads end", threads_end);
  if (system("rm -rf process-locales process-1.so process-2.so process-3.so process.*.csv process.*.model")) perror("rm");
  return report("process");
}
