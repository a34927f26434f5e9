// orphans COUNT: makes COUNT orphans that end at once, never reaping one itself, then waits until init has taken and
// reaped them all (no zombie of ours is left), and exits 0; after 60 s it exits 1.
#include <dirent.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int zombies(void) {
  int found = 0;
  DIR *folder = opendir("/proc");
  struct dirent *entry;
  while (folder && (entry = readdir(folder))) {
    if (entry->d_name[0] < '1' || entry->d_name[0] > '9') continue;
    char path[300], line[512];
    snprintf(path, sizeof path, "/proc/%s/stat", entry->d_name);
    FILE *file = fopen(path, "r");
    if (!file) continue;
    if (fgets(line, sizeof line, file)) {
      char *end = strrchr(line, ')');
      if (end && end[2] == 'Z') found++;
    }
    fclose(file);
  }
  if (folder) closedir(folder);
  return found;
}

int main(int argc, char **argv) {
  long count = argc > 1 ? strtol(argv[1], 0, 10) : 10000;
  // In batches: a parent forks a hundred children and ends, so that they become orphans of init.
  for (long made = 0; made < count;) {
    long batch = count - made < 100 ? count - made : 100;
    pid_t parent = fork();
    if (parent < 0) {
      poll(0, 0, 5);
      continue;
    }
    if (parent == 0) {
      for (long child = 0; child < batch; child++) {
        pid_t pid = fork();
        if (pid == 0) _exit(0);
        if (pid < 0) {
          poll(0, 0, 5);
          child--;
        }
      }
      _exit(0);
    }
    int status;
    waitpid(parent, &status, 0);
    made += batch;
  }
  for (int tries = 0; tries < 6000; tries++) {
    if (zombies() == 0) {
      printf("all %ld reaped\n", count);
      return 0;
    }
    poll(0, 0, 10);
  }
  printf("%d zombies left\n", zombies());
  return 1;
}
