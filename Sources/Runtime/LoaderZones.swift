import Model
import UnitFile

// The time zones of the units that are loaded.

extension Loader {
  /// The zones that a unit's schedules go by. An unknown one is an error where it is named: never UTC in its place.
  mutating func findZones(_ file: ParsedUnit, _ kernel: inout some Kernel) {
    guard file.unit.loadState == .loaded, let schedule = file.unit.schedule, schedule.needsZones else { return }
    if zones == nil {
      if let local = ZoneReader.local(environment, &kernel) {
        zones = TimeZones(local: local)
      } else {
        zones = TimeZones()
        localIsUnknown = true
      }
    }
    for reference in file.zones where zones?.find(reference.name) == nil {
      if let zone = ZoneReader.read(reference.name, &kernel) {
        zones?.add(reference.name, zone)
        continue
      }
      let severity: Severity = reference.strictness == .strict ? .error : .warning
      refuse(
        file,
        Diagnostic(
          severity, file: reference.path, line: reference.line, column: reference.column,
          message: "no time zone " + reference.name.quotable,
          hint: Bytes("is it spelt as in /usr/share/zoneinfo? Install the package tzdata")))
    }
    if localIsUnknown, schedule.needsLocalZone {
      let setting = environmentValue(Bytes("TZ"), in: environment)
      let source = setting.map { "TZ=" + $0.quotable } ?? Bytes(ZoneReader.localPath)
      refuse(
        file,
        Diagnostic(
          file.unit.origin == .commandLine ? .error : .warning, file: file.unit.fragmentPath,
          message: "cannot tell the local time: " + source + " is no time zone",
          hint: Bytes("install the package tzdata, or write Timezone= or TZ=UTC")))
    }
  }

  private mutating func refuse(_ file: ParsedUnit, _ diagnostic: Diagnostic) {
    // Of a crontab one line speaks for all entries below it.
    if diagnostics.last != diagnostic { diagnostics.append(diagnostic) }
    withoutZone[file.unit.name.bytes] = diagnostic.message
  }

  /// A schedule in an unknown zone cannot be started.
  func markWithoutZone(_ catalogue: inout Catalogue) {
    for index in catalogue.units.indices {
      guard let reason = withoutZone[catalogue.units[index].name.bytes] else { continue }
      catalogue.units[index].loadState = .badSetting
      catalogue.units[index].loadError = reason
    }
  }
}
