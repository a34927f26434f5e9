import Linux
import Model
import Runtime

/// Reads unit files and prints every finding: `apus check`. 0 without an error, else 78.
func checkFace(_ paths: [Bytes], unitPath: Bytes?, environment: [Bytes]) -> Int32 {
  var options = KernelOptions()
  options.containment = .group
  let kernel: LinuxKernel
  do throws(KernelFailure) {
    kernel = try LinuxKernel(inherited: InheritedState(), options: options)
  } catch {
    complain(error.message)
    return Status.software
  }
  var configuration = supervisorConfiguration(environment)
  configuration.paths = paths
  configuration.unitPath = unitPath
  let loaded = readUnits(configuration, kernel)
  return loaded.hasErrors ? Status.badConfiguration : Status.success
}
