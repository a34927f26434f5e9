import Foundation
import Testing

extension SystemTests {
  /// `apus tmpfiles` against what systemd-tmpfiles made of the same lines and the same folder: Fixtures/tmpfiles/expected was
  /// its answer.
  @Suite(.enabled(if: Machine.isRoot && Machine.hasNamespaces, Machine.noNamespaces)) struct Tmpfiles {
    static let fixtures = Machine.root + "/Tests/SystemTests/Fixtures/tmpfiles"

    /// Runs a script in a mount namespace with a /run of its own, after the fixture's preparation.
    static func inside(_ script: String) throws -> Finished {
      let apus = try Binary.path()
      let setup = "set -e; mount -t tmpfs -o mode=755 tmpfs /run; hostname vm; . \(fixtures)/prepare; cp \(fixtures)/asked.conf /run/; "
      return try runToEnd(["unshare", "--mount", "--uts", "bash", "-c", setup + "apus=\(apus); set +e; " + script])
    }

    @Test func asSystemdDoesIt() throws {
      let ended = try Self.inside("$apus tmpfiles --create --remove --boot /run/asked.conf; echo rc $? >&2; . \(Self.fixtures)/look")
      let expected = try String(contentsOfFile: Self.fixtures + "/expected", encoding: .utf8)
      #expect(ended.stdout == expected)
      #expect(ended.stderr.contains("rc 65"), "\(ended.stderr)")
      for finding in [
        "asked.conf:8: warning: a second line for /run/a", "asked.conf:13: error: no such modifier",
        "asked.conf:14: error: the path relative",
        "asked.conf:18: /run/u: no user or group nosuchuser", "/run/unsafe/nobody/x: unsafe",
      ] { #expect(ended.stderr.contains(finding), "\(finding) is not in \(ended.stderr)") }
    }

    /// Doing it twice changes nothing that the first time made.
    @Test func twiceIsOnce() throws {
      let ended = try Self.inside(
        "for i in 1 2; do $apus tmpfiles --create /run/asked.conf 2>/dev/null; find /run -printf '%p %y %m %u %g %l\\n' | sort > /run/../tmp/apus-tmpfiles-$$.$i; done; cmp /tmp/apus-tmpfiles-$$.1 /tmp/apus-tmpfiles-$$.2; echo same $?; rm /tmp/apus-tmpfiles-$$.*"
      )
      #expect(ended.stdout == "same 0\n", "\(ended.stdout)\(ended.stderr)")
    }

    /// A tree that somebody exchanges for a link meanwhile is never followed: what is removed is the link.
    @Test func removalNeverFollowsALink() throws {
      let ended = try Self.inside(
        """
        mkdir -p /run/keep/sub /run/gone; touch /run/keep/sub/file; ln -s /run/keep /run/gone/link; ln -s /run/keep /run/toplink
        printf 'R /run/gone\\nR /run/toplink\\n' > /run/remove.conf
        $apus tmpfiles --remove /run/remove.conf; echo rc $?; ls /run/keep/sub; ls -d /run/gone /run/toplink 2>/dev/null
        """)
      #expect(ended.stdout == "rc 0\nfile\n", "\(ended.stdout)\(ended.stderr)")
    }

    @Test func lateGeneratorsAreNamedAndTheOthersCount() throws {
      let ended = try Self.inside(
        """
        mount -t tmpfs tmpfs /etc/systemd; mkdir -p /etc/systemd/system-generators /run/base/generator; touch /run/base/generator/old
        cd /etc/systemd/system-generators
        printf '#!/bin/sh\\necho "$# $SYSTEMD_SCOPE"; mkdir $1/x.target.wants; echo n > $1/a.service; echo e > $2/b.service\\n' > good
        printf '#!/bin/sh\\nexec sleep 1000\\n' > hangs
        printf '#!/bin/sh\\nexit 3\\n' > fails
        printf '#!/nowhere\\n' > broken
        printf '#!/bin/sh\\necho n > $1/systemd.service\\n' > systemd-own-generator
        chmod +x *; ln -s /dev/null postgresql-generator; : > empty
        (exec -a apus-helper $apus prepare /run/base 300000 reload); echo rc $?
        cd /run/base; find . | sort
        """)
      #expect(
        ended.stdout
          == "3 system\nrc 0\n.\n./generator\n./generator.early\n./generator.early/b.service\n./generator/a.service\n./generator/x.target.wants\n",
        "\(ended.stdout)\(ended.stderr)")
      for finding in ["generator /etc/systemd/system-generators/hangs is late", "system-generators/fails failed", "cannot run generator"] {
        #expect(ended.stderr.contains(finding), "\(finding) is not in \(ended.stderr)")
      }
    }

    /// A root of its own for the boot: the machine's folders that it writes to are covered, and only these units are there.
    /// Nothing is done if one of them cannot be covered.
    static let boot = """
      set -e; mount --make-rprivate /; ! [ -d /etc/tmpfiles.d ] || mount -t tmpfs tmpfs /etc/tmpfiles.d
      mount -t tmpfs -o mode=755 tmpfs /run; mount -t tmpfs -o mode=1777 tmpfs /tmp; mount -t tmpfs tmpfs /etc/systemd
      mount -t tmpfs tmpfs /usr/lib/tmpfiles.d; mkdir -p /etc/systemd/system/multi-user.target.wants /etc/systemd/system-generators
      mkdir /run/tmpfiles.d; printf 'd /run/made 0711\nD /tmp 1777\nF! /run/booted - - - - yes\n' > /run/tmpfiles.d/x.conf; : > /tmp/kept
      cd /etc/systemd/system; printf '[Service]\nExecStart=/bin/sleep 1000\n' > a.service; ln -s ../a.service multi-user.target.wants/
      cd ../system-generators; ln -s /dev/null postgresql-generator
      printf '#!/bin/sh\nmkdir $1/multi-user.target.wants\nprintf "[Service]\\nExecStart=/bin/sleep 1001\\n" > $1/g.service
      ln -s ../g.service $1/multi-user.target.wants/\n' > good
      printf '#!/bin/sh\nexec sleep 1000\n' > hangs; chmod +x *
      set +e

      """

    /// The binary, which may lie below what `boot` covers, is held open before that.
    static let held = "/proc/self/fd/9"
    static func holding() throws -> String { "exec 9< \(try Binary.path())\n" }

    @Test func theBootDoesWhatTheHostNeedsAndALateGeneratorCostsOnlyItsUnits() throws {
      let apus = Self.held
      let ended = try runToEnd([
        "unshare", "--mount", "--pid", "--fork", "--mount-proc", "bash", "-c",
        try Self.holding() + Self.boot + """
          (until [ "$(\(apus) is-active a g 2>/dev/null | sort -u)" = active ]; do sleep 0.05; done
           stat -c '%a' /run/lock /run/made; cat /run/booted; echo; ls /tmp; ls /run/systemd/generator
           rm /etc/systemd/system-generators/good; rm /run/booted; \(apus) daemon-reload; ls /run/systemd /run/booted 2>&1; \(apus) exit 5) &
          APUS_GENERATOR_TIMEOUT=300ms exec \(apus)
          """,
      ])
      #expect(ended.status == 5, "\(ended)")
      #expect(
        ended.stdout.hasPrefix("1777\n711\nyes\nkept\ng.service\nmulti-user.target.wants\n")
          && ended.stdout.contains("cannot access '/run/booted'"), "\(ended.stdout)")
      #expect(ended.stderr.contains("system-generators/hangs is late"), "\(ended.stderr)")
    }

    /// While the host is prepared apus is a PID 1 that listens: it can be stopped.
    @Test func aStopDuringThePreparationIsHeard() throws {
      let apus = Self.held
      let ended = try runToEnd([
        "unshare", "--mount", "--pid", "--fork", "--mount-proc", "bash", "-c",
        try Self.holding() + Self.boot
          + "(until [ -e /run/systemd/generator ]; do sleep 0.02; done; kill -TERM 1) & APUS_GENERATOR_TIMEOUT=60s exec \(apus)",
      ])
      #expect(ended.status == 0 && ended.seconds < 60, "\(ended)")
      #expect(ended.stderr.contains("asked to stop by SIGTERM"), "\(ended.stderr)")
    }
  }
}
