import Model
import Testing

@testable import UnitFile

@Suite struct SpecifierTests {
  static let name = "foo-bar@a-b\\x2dc.service"

  func expand(_ text: String, name: String = name, host: HostFacts = testHost, inUnitName: Bool = false) -> String? {
    guard let name = UnitName(Bytes(name)) else { return nil }
    let context = SpecifierContext(name: name, path: "/etc/apus/" + name.bytes, host: host)
    do throws(SpecifierError) {
      return try context.expand(Bytes(text), inUnitName: inUnitName).shown
    } catch {
      return nil
    }
  }

  @Test(arguments: [
    ("%n", "foo-bar@a-b\\x2dc.service"), ("%N", "foo-bar@a-b\\x2dc"), ("%p", "foo-bar"), ("%i", "a-b\\x2dc"), ("%j", "bar"),
    ("%P", "foo/bar"), ("%I", "a/b-c"), ("%J", "bar"), ("%f", "/a/b-c"),
    ("%y", "/etc/apus/foo-bar@a-b\\x2dc.service"), ("%Y", "/etc/apus"),
    ("%t %S %C %L %E %D", "/run /var/lib /var/cache /var/log /etc /usr/share"), ("%T %V", "/tmp /var/tmp"),
    ("%u %U %g %G %h %s", "root 0 root 0 /root /bin/bash"), ("%H %l %q", "oracle.example oracle oracle"),
    ("%m", "0123456789abcdef0123456789abcdef"), ("%d", "/run/credentials/foo-bar@a-b\\x2dc.service"),
    ("%o%w%W%A%B%M", ""), ("100%", "100%"), ("%%", "%"), ("%%n", "%n"), ("% n%-", "% n%-"), ("%\u{E9}", "%\u{E9}"), ("", ""),
  ])
  func values(_ text: String, _ wanted: String) {
    #expect(expand(text) == wanted)
  }

  @Test func unknownLettersAreErrors() {
    for letter in "xezkOQXZ0159" { #expect(expand("a%\(letter)") == nil) }
  }

  @Test func missingFactsAreErrors() {
    let host = HostFacts()
    #expect(expand("%m", host: host) == nil)
    #expect(expand("%b", host: host) == nil)
    host.bootID = Bytes("b")
    host.prettyHostname = Bytes("My Host")
    #expect(expand("%b %q", host: host) == "b My Host")
  }

  @Test func plainNamesHaveNoInstance() {
    #expect(expand("<%i%I> %j %f", name: "web.service") == "<> web /web")
    #expect(expand("%P", name: "web\\x.service") == nil)
  }

  @Test func namesOfUnitsTakeFewer() {
    #expect(expand("%n %N %p %i %j %H %m %u", inUnitName: true) != nil)
    for letter in "PIJfyYtSCLETVhsdDcrR" { #expect(expand("%\(letter)", inUnitName: true) == nil) }
  }

  @Test(arguments: [
    ("foo-bar", "foo/bar"), ("foo\\x2dbar", "foo-bar"), ("-", "/"), ("foo-", "foo/"), ("x\\x41", "xA"), ("", ""),
    ("\\x2edot", ".dot"), ("dev-disk-by\\x2dlabel", "dev/disk/by-label"),
  ])
  func unescaping(_ text: String, _ wanted: String) {
    #expect(unescapeUnitName(Bytes(text))?.shown == wanted)
  }

  @Test func whatCannotBeUnescaped() {
    for text in ["\\", "\\x", "\\x4", "\\y41", "\\x00", "\\xg0"] { #expect(unescapeUnitName(Bytes(text)) == nil) }
  }
}
