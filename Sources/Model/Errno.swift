// swift-format-ignore: AlwaysUseLowerCamelCase
/// Error numbers of Linux (x86_64 and aarch64 agree) that apus's logic knows by name: the kernel's own names.
public enum Errno {
  public static let EPERM: Int32 = 1
  public static let ENOENT: Int32 = 2
  public static let ESRCH: Int32 = 3
  public static let EINTR: Int32 = 4
  public static let EIO: Int32 = 5
  public static let E2BIG: Int32 = 7
  public static let ENOEXEC: Int32 = 8
  public static let EBADF: Int32 = 9
  public static let ECHILD: Int32 = 10
  public static let EAGAIN: Int32 = 11
  public static let ENOMEM: Int32 = 12
  public static let EACCES: Int32 = 13
  public static let EBUSY: Int32 = 16
  public static let ECANCELED: Int32 = 125
  public static let EEXIST: Int32 = 17
  public static let ENODEV: Int32 = 19
  public static let ENOTDIR: Int32 = 20
  public static let EISDIR: Int32 = 21
  public static let EINVAL: Int32 = 22
  public static let ENFILE: Int32 = 23
  public static let EMFILE: Int32 = 24
  public static let ETXTBSY: Int32 = 26
  public static let ENOSPC: Int32 = 28
  public static let ESPIPE: Int32 = 29
  public static let EROFS: Int32 = 30
  public static let EPIPE: Int32 = 32
  public static let ENAMETOOLONG: Int32 = 36
  public static let ENOSYS: Int32 = 38
  public static let ENOTEMPTY: Int32 = 39
  public static let ELOOP: Int32 = 40
  public static let ENOTSOCK: Int32 = 88
  public static let ENONET: Int32 = 64
  public static let EPROTO: Int32 = 71
  public static let ENOPROTOOPT: Int32 = 92
  public static let EPROTONOSUPPORT: Int32 = 93
  public static let EOPNOTSUPP: Int32 = 95
  public static let EAFNOSUPPORT: Int32 = 97
  public static let EADDRINUSE: Int32 = 98
  public static let EADDRNOTAVAIL: Int32 = 99
  public static let ENETDOWN: Int32 = 100
  public static let ENETUNREACH: Int32 = 101
  public static let ECONNABORTED: Int32 = 103
  public static let ECONNRESET: Int32 = 104
  public static let ENOBUFS: Int32 = 105
  public static let ETIMEDOUT: Int32 = 110
  public static let ECONNREFUSED: Int32 = 111
  public static let EHOSTDOWN: Int32 = 112
  public static let EHOSTUNREACH: Int32 = 113

  static let texts: [(Int32, StaticString)] = [
    (1, "operation not permitted"), (2, "no such file or directory"), (3, "no such process"),
    (4, "interrupted system call"), (5, "input/output error"), (6, "no such device or address"),
    (7, "argument list too long"), (8, "exec format error"), (9, "bad file descriptor"), (10, "no child processes"),
    (11, "resource temporarily unavailable"), (12, "cannot allocate memory"), (13, "permission denied"),
    (14, "bad address"), (15, "block device required"), (16, "device or resource busy"), (17, "file exists"),
    (18, "invalid cross-device link"), (19, "no such device"), (20, "not a directory"), (21, "is a directory"),
    (22, "invalid argument"), (23, "too many open files in system"), (24, "too many open files"),
    (25, "inappropriate ioctl for device"), (26, "text file busy"), (27, "file too large"),
    (28, "no space left on device"), (29, "illegal seek"), (30, "read-only file system"), (31, "too many links"),
    (32, "broken pipe"), (33, "numerical argument out of domain"), (34, "numerical result out of range"),
    (35, "resource deadlock avoided"), (36, "file name too long"), (37, "no locks available"),
    (38, "function not implemented"), (39, "directory not empty"), (40, "too many levels of symbolic links"),
    (61, "no data available"), (62, "timer expired"), (64, "machine is not on the network"),
    (71, "protocol error"), (75, "value too large for data type"),
    (80, "cannot use a corrupted shared library"), (84, "invalid or incomplete multibyte character"),
    (87, "too many users"), (88, "not a socket"), (89, "destination address required"), (90, "message too long"),
    (91, "protocol wrong type for socket"), (92, "protocol not available"), (93, "protocol not supported"),
    (94, "socket type not supported"), (95, "operation not supported"), (97, "address family not supported"),
    (98, "address already in use"), (99, "cannot assign requested address"), (100, "network is down"),
    (101, "network is unreachable"),
    (103, "software caused connection abort"), (104, "connection reset by peer"), (105, "no buffer space available"),
    (106, "transport endpoint is already connected"), (107, "transport endpoint is not connected"),
    (110, "connection timed out"), (111, "connection refused"), (112, "host is down"), (113, "no route to host"),
    (114, "operation already in progress"), (115, "operation now in progress"), (116, "stale file handle"),
    (122, "disk quota exceeded"), (125, "operation canceled"),
  ]
}

/// What an error number means, in the C library's sense and lower case; `error N` for one that is not known.
public func errorText(_ errno: Int32) -> Bytes {
  for entry in Errno.texts where entry.0 == errno { return Bytes(entry.1) }
  return "error " + Bytes(decimal: errno)
}
