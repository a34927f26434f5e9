/* A web server of one answer, for probes.
 *
 *   answer PORT FILE
 *
 * Waits until FILE is there; then listens on 127.0.0.1:PORT, and answers every request with the status that FILE holds at
 * that moment ("200", "500"). While FILE is gone again it closes each connection without a word.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int status_of(const char *path) {
  char text[16] = {0};
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return 0;
  ssize_t count = read(file, text, sizeof text - 1);
  close(file);
  return count > 0 ? atoi(text) : 0;
}

int main(int argc, char **argv) {
  if (argc != 3) return 64;
  while (!status_of(argv[2])) usleep(10000);
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[1])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 16)) {
    perror("answer");
    return 1;
  }
  for (;;) {
    int client = accept(listener, NULL, NULL);
    if (client < 0) continue;
    int status = status_of(argv[2]);
    char request[4096], answer[128];
    if (status && read(client, request, sizeof request) > 0) {
      int length = snprintf(answer, sizeof answer, "HTTP/1.1 %d x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", status);
      if (write(client, answer, length) < 0) perror("answer");
    }
    close(client);
  }
}
