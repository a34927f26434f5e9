import Model

/// An entry of /etc/passwd. A static binary has no NSS: the file is all there is.
struct Account: Equatable {
  var name: Bytes
  var uid: UInt32
  var gid: UInt32
  var home: Bytes
  var shell: Bytes
}

/// Readers of /etc/passwd and /etc/group, as bytes.
public enum Accounts {
  /// The entry with that name, or with that number.
  static func user(_ wanted: Bytes, in passwd: Bytes) -> Account? {
    let number = id(wanted)
    for line in passwd.pieces(separatedBy: 10) {
      let fields = line.pieces(separatedBy: 58, keepEmpty: true)
      guard fields.count >= 7, let uid = id(fields[2]), let gid = id(fields[3]) else { continue }
      if fields[0] == wanted || (number != nil && uid == number) {
        return Account(name: fields[0], uid: uid, gid: gid, home: fields[5], shell: fields[6])
      }
    }
    return nil
  }

  /// The number of a user by name or number.
  public static func userID(_ wanted: Bytes, in passwd: Bytes) -> UInt32? { user(wanted, in: passwd)?.uid ?? id(wanted) }

  /// The number of a group by name or number.
  public static func group(_ wanted: Bytes, in groups: Bytes) -> UInt32? {
    for line in groups.pieces(separatedBy: 10) {
      let fields = line.pieces(separatedBy: 58, keepEmpty: true)
      if fields.count >= 3, fields[0] == wanted, let gid = id(fields[2]) { return gid }
    }
    return id(wanted)
  }

  /// Whether some group has that number.
  static func holdsGroup(_ gid: UInt32, in groups: Bytes) -> Bool {
    for line in groups.pieces(separatedBy: 10) {
      let fields = line.pieces(separatedBy: 58, keepEmpty: true)
      if fields.count >= 3, id(fields[2]) == gid { return true }
    }
    return false
  }

  /// The groups whose member lists name `user`, as initgroups(3) collects them.
  static func groups(of user: Bytes, in groups: Bytes) -> [UInt32] {
    var result: [UInt32] = []
    for line in groups.pieces(separatedBy: 10) {
      let fields = line.pieces(separatedBy: 58, keepEmpty: true)
      guard fields.count >= 4, let gid = id(fields[2]) else { continue }
      if fields[3].pieces(separatedBy: 44).contains(user) { result.append(gid) }
    }
    return result
  }

  /// A number that is an id: 2^32-1 means "no change" to the kernel and is none.
  static func id(_ text: Bytes) -> UInt32? {
    guard let value = text.unsignedDecimal, value < UInt64(UInt32.max) else { return nil }
    return UInt32(value)
  }
}
