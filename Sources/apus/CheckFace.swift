import Linux
import Model
import Runtime
import UnitFile

/// Reads unit files and prints every finding: `apus check`. 0 without an error, else 78.
func checkFace(_ parsed: ParsedArguments, environment: [Bytes]) -> Int32 {
  guard var reading = Reading() else { return Status.software }
  let loaded = reading.read(parsed, environment)
  if parsed.values.has(.explain) { writeAll(explanation(of: loaded.units), to: 1) }
  return loaded.hasErrors ? Status.badConfiguration : Status.success
}

/// What `check` and `plan` have in common: a kernel that supervises nothing, and units that are only read.
struct Reading {
  var kernel: LinuxKernel

  /// nil after saying why not.
  init?() {
    var options = KernelOptions()
    options.containment = .group
    do throws(KernelFailure) {
      kernel = try LinuxKernel(inherited: InheritedState(), options: options)
    } catch {
      complain(error.message)
      return nil
    }
  }

  /// The units of the operands; what was found in them is said.
  @inline(never) mutating func read(_ parsed: ParsedArguments, _ environment: [Bytes]) -> LoadedUnits {
    var configuration = supervisorConfiguration(environment)
    configuration.paths = parsed.operands
    configuration.crontabsHaveUsers = parsed.values.has(.crontabUserField)
    configuration.unitPath = parsed.values.value(.unitPath)
    return readUnits(configuration, kernel)
  }
}

/// For each unit, the keys that are not enforced in groups of one reason: what is done instead, and why (units.md f.2).
func explanation(of units: [Unit]) -> Bytes {
  var out = Bytes()
  for unit in units where !unit.unenforced.isEmpty {
    out += filled("%:\n", unit.name.bytes)
    var left = unit.unenforced
    while let first = left.first {
      let reason = explanationOfUnenforced(first) ?? []
      var keys = Bytes()
      var others: [Bytes] = []
      for key in left {
        if (explanationOfUnenforced(key) ?? []) == reason { keys += filled(" %=", key) } else { others.append(key) }
      }
      left = others
      out += filled(" %\n    %\n", keys, reason)
    }
  }
  return out.isEmpty ? Bytes("all that the units ask for is enforced\n") : out
}
