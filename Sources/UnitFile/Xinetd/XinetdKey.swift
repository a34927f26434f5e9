import Model

/// An attribute of xinetd.conf(5), in the order of `table`.
enum XinetdKey: UInt8, CaseIterable {
  case accessTimes, banner, bannerFail, bannerSuccess, bind, cps, denyTime, disable, disabled, enabled, env, flags, group, groups, id,
    instances, interface, libwrap, logOnFailure, logOnSuccess, logType, maxLoad, mdns, nice, noAccess, onlyFrom, passenv, perSource,
    port, `protocol`, redirect, rlimitAS, rlimitCPU, rlimitData, rlimitFiles, rlimitRSS, rlimitStack, rpcNumber, rpcVersion, server,
    serverArgs, socketType, type, umask, user, v6only, wait

  /// Name, `/`, how many values it takes (`*` any, `+` any, and `+=` and `-=`), and whether defaults may have it (`d`), too, or
  /// alone (`D`).
  private static let table: StaticString = """
    access_times/* banner/1d banner_fail/1d banner_success/1d bind/1d cps/2d deny_time/1 disable/1 disabled/+D enabled/+D env/+ \
    flags/* group/1 groups/1d id/1 instances/1d interface/1d libwrap/1 log_on_failure/+d log_on_success/+d log_type/*d max_load/1d \
    mdns/1d nice/1 no_access/+d only_from/+d passenv/+d per_source/1d port/1 protocol/1 redirect/2 rlimit_as/1 rlimit_cpu/1 \
    rlimit_data/1 rlimit_files/1 rlimit_rss/1 rlimit_stack/1 rpc_number/1 rpc_version/1 server/1 server_args/* socket_type/1 type/* \
    umask/1d user/1 v6only/1d wait/1
    """

  init?(name: Bytes) {
    var index: UInt8 = 0
    for word in XinetdKey.table.words {
      if word.pieces(separatedBy: 47)[0] == name {
        self.init(rawValue: index)
        return
      }
      index += 1
    }
    return nil
  }

  private var entry: [Bytes] { XinetdKey.table.words[Int(rawValue)].pieces(separatedBy: 47) }
  var name: Bytes { entry[0] }
  /// nil: any number.
  var valueCount: Int? {
    let first = entry[1][0]
    return first.isDigit ? Int(first) - 48 : nil
  }
  /// It is a set: `+=` and `-=` change it, and it may come more than once.
  var isSet: Bool { entry[1].first == 43 }
  var isForDefaults: Bool { entry[1].count > 1 }
  var isForServices: Bool { entry[1].last != 68 }
  /// What two words of it have in common is their addresses.
  var isAddress: Bool { self == .onlyFrom || self == .noAccess }
}
