import Glibc
import Model
import Testing

@Suite struct ErrnoTests {
  /// What connecting, accepting and listening may come to has a sentence, and no number.
  @Test func theNetworksErrorsHaveSentences() {
    let numbers = [
      EPERM, EACCES, EADDRINUSE, EADDRNOTAVAIL, EAFNOSUPPORT, EAGAIN, EALREADY, EBADF, ECONNABORTED, ECONNREFUSED, ECONNRESET, EHOSTDOWN,
      EHOSTUNREACH, EINPROGRESS, EINTR, EINVAL, EISCONN, EMFILE, EMSGSIZE, ENETDOWN, ENETUNREACH, ENFILE, ENOBUFS, ENOENT,
      ENOMEM, ENONET, ENOPROTOOPT, ENOSPC, ENOTCONN, ENOTSOCK, EOPNOTSUPP, EPIPE, EPROTO, EPROTONOSUPPORT, EPROTOTYPE, ETIMEDOUT,
    ]
    for number in numbers { #expect(!errorText(number).starts(with: "error "), "\(number)") }
    #expect(errorText(ENETUNREACH) == Bytes("network is unreachable"))
    #expect(errorText(9999) == Bytes("error 9999"))
  }
}
