import Calendar
import Model
import UnitFile

// The time zones of the units that are loaded.

extension Loader {
  /// The zones that a unit's schedules go by. An unknown one is an error where it is named: never UTC in its place.
  func findZones(_ file: ParsedUnit, _ kernel: inout some Kernel) {
    let schedule = file.unit.schedule
    let isTimed = file.unit.hasAccessTimes
    guard file.unit.loadState == .loaded, schedule?.needsZones == true || isTimed else { return }
    if zones == nil {
      do throws(UnknownLocalZone) {
        zones = TimeZones(local: try ZoneReader.local(environment, &kernel))
      } catch {
        zones = TimeZones()
        unknownLocal = error
      }
    }
    for reference in file.zones where !isFound(reference, &kernel) {
      let severity: Severity = reference.strictness == .strict ? .error : .warning
      let error = ScheduleError(unknownZone: reference.name, column: reference.column)
      let isAbbreviation = error.kind == .zoneAbbreviation
      refuse(
        file,
        Diagnostic(
          severity, file: reference.path, line: reference.line, column: reference.column,
          message: isAbbreviation ? Bytes(error.name) : "no time zone " + reference.name.quotable,
          hint: isAbbreviation ? error.hint : Bytes("is it spelt as in /usr/share/zoneinfo? Install the package tzdata")))
    }
    if let unknownLocal, schedule?.needsLocalZone == true || isTimed {
      refuse(
        file,
        Diagnostic(
          file.unit.origin == .commandLine ? .error : .warning, file: file.unit.fragmentPath,
          message: "cannot tell the local time: " + unknownLocal.message, hint: unknownLocal.hint + ", or write Timezone="))
    }
  }

  /// Whether there is such a zone, which is read then. Behind an expression an abbreviation of the local zone is none,
  /// whatever file is called so: systemd takes it for the local zone, and then computes nonsense half of the year.
  private func isFound(_ reference: ZoneReference, _ kernel: inout some Kernel) -> Bool {
    if reference.isSuffix, let local = zones?.local,
      CalendarParser.isAbbreviation(reference.name, of: local, at: readAt ?? WallTime(microseconds: 0))
    {
      return false
    }
    if zones?.find(reference.name) != nil { return true }
    guard let zone = ZoneReader.find(reference.name, &kernel) else { return false }
    zones?.add(reference.name, zone)
    return true
  }

  private func refuse(_ file: ParsedUnit, _ diagnostic: Diagnostic) {
    // Of a crontab one line speaks for all entries below it.
    if diagnostics.last != diagnostic { diagnostics.append(diagnostic) }
    withoutZone[file.unit.name.bytes] = zoneErrors.count
    zoneErrors.append(diagnostic.message)
  }
}
