#if !EMBEDDED
import Model
import UnitFile

/// What an instance of a template costs: it is made for every connection.
func benchmarkInstances() {
  let service = """
    [Unit]
    Description=OpenBSD Secure Shell server per-connection daemon
    Documentation=man:sshd(8) man:sshd_config(5)
    After=auditd.service

    [Service]
    EnvironmentFile=-/etc/default/ssh
    ExecStart=-/usr/sbin/sshd -i $SSHD_OPTS
    StandardInput=socket
    RuntimeDirectory=sshd
    RuntimeDirectoryMode=0755

    """
  print("instances of a template, ns each")
  for (label, text) in [
    ("no specifier of the instance", service), ("%i in the description", service.replacing("per-connection", with: "%i")),
    ("%i in a command", service.replacing("-i $", with: "-i -o Tag=%i $")),
  ] {
    guard let name = UnitName(Bytes("sshd@.service".utf8)), let socket = UnitName(Bytes("sshd.socket".utf8)),
      let instance = name.with(instance: Bytes("17-127.0.0.1:22-127.0.0.1:50000".utf8))
    else { return }
    let source = UnitSource(path: Bytes("/etc/apus/sshd@.service".utf8), name: name, contents: Bytes(text.utf8), strictness: .strict)
    let files = TemplateFiles(name: name, source, dropIns: [], links: UnitLinks(), host: HostFacts())
    guard let template = assemble([parseUnit(source, host: HostFacts())], templates: [files]).templates.first else { return }
    let cost = nanoseconds(2000) {
      if case .made(let unit) = template.make(instance, socket) { return Int64(unit.name.bytes.count) }
      return 0
    }
    print("  \(label): \(Int(cost))")
  }
}
#endif
