import Model
import Testing

@testable import Runtime

/// What is worked out before a command becomes a child.
@Suite struct SpawnWorldTests {
  /// The real systemd gave 62264 to dyn.service.
  @Test func dynamicUsersAreSystemds() {
    let users = DynamicUsers()
    #expect(users.uid(of: Bytes("dyn"), passwd: [], groups: []) == 62_264)
    #expect(users.uid(of: Bytes("dyn"), passwd: [], groups: []) == 62_264)
    // Taken by a user or a group of the files, or by another name: the next one.
    #expect(DynamicUsers().uid(of: Bytes("dyn"), passwd: Bytes("x:x:62264:1:::\n"), groups: []) == 62_265)
    #expect(DynamicUsers().uid(of: Bytes("dyn"), passwd: [], groups: Bytes("x:x:62264:\ny:x:62265:\n")) == 62_266)
    let many = DynamicUsers()
    var seen: Set<UInt32> = []
    for number in 0..<300 {
      guard let uid = many.uid(of: Bytes(decimal: number), passwd: [], groups: []) else { continue }
      #expect(uid >= 61_184 && uid <= 65_519)
      seen.insert(uid)
    }
    #expect(seen.count == 300)
  }

  /// The reference vectors: the key 00 … 0f, inputs 00 01 02 ….
  @Test(
    arguments: [
      (0, 0x726f_db47_dd0e_0e31), (1, 0x74f8_39c5_93dc_67fd), (7, 0xab02_00f5_8b01_d137), (8, 0x93f5_f579_9a93_2462),
      (15, 0xa129_ca61_49be_45e5), (63, 0x958a_324c_eb06_4572),
    ] as [(Int, UInt64)]) func sipHash(count: Int, expected: UInt64)
  {
    let key = SipHash.Key(low: 0x0706_0504_0302_0100, high: 0x0f0e_0d0c_0b0a_0908)
    #expect(SipHash.hash(Bytes((0..<count).map { UInt8($0) }), key: key) == expected)
  }

  @Test(arguments: [
    ("lnk", "two/deep", "two/deep"), ("z/w/v", "x/y", "../../x/y"), ("a/b", "private/a/b", "../private/a/b"), ("a", "b", "b"),
    ("a/x", "a", "../a"), ("a/x", "a/y", "y"),
  ]) func linksAreRelative(from: String, to: String, target: String) {
    #expect(SpawnDirectories.relative(from: Bytes(from.utf8), to: Bytes(to.utf8)).shown == target)
  }

  @Test func theVariablesOfDirectories() {
    let exec = ExecSettings()
    exec.dynamicUser = true
    var state = DirectorySettings(kind: .state)
    state.directories = ["dynst", "a-b", "a/b"].map { ManagedDirectory(name: Bytes($0.utf8)) }
    exec.directories = [state]
    let made = SpawnDirectories(exec, uid: 7, gid: 8)
    #expect(made.environment.map(\.shown) == ["STATE_DIRECTORY=/var/lib/a/b:/var/lib/a-b:/var/lib/dynst"])
    #expect(
      made.plans.map(\.path.shown) == [
        "/var/lib/private", "/var/lib/private/a/b", "/var/lib/private/a-b", "/var/lib/private/dynst",
      ])
    #expect(made.links.map(\.target.shown) == ["../private/a/b", "private/a-b", "private/dynst"])
    exec.dynamicUser = false
    #expect(SpawnDirectories(exec, uid: nil, gid: nil).plans.map(\.path.shown) == ["/var/lib/a/b", "/var/lib/a-b", "/var/lib/dynst"])
  }
}
