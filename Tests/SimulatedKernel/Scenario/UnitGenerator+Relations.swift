#if !EMBEDDED
import Model

// Every kind of dependency, and conditions. Names are those of earlier units, so that nothing waits in a circle.

extension UnitGenerator {
  mutating func addRelations(_ unit: inout UnitText, _ earlier: [String]) {
    func one() -> String { earlier[random.below(earlier.count)] }
    for kind in ["BindsTo", "Requisite", "PartOf", "Upholds", "StopPropagatedFrom"] where percent(5) {
      let name = one()
      unit.add(.unit, kind, name)
      if percent(65) { unit.add(.unit, "After", name) }
    }
    for kind in ["OnFailure", "OnSuccess"] where percent(8) { unit.add(.unit, kind, random.pick(UnitGenerator.handlers)) }
    for kind in ["PropagatesReloadTo", "ReloadPropagatedFrom", "PropagatesStopTo", "OnFailure", "OnSuccess"] where percent(4) {
      unit.add(.unit, kind, one())
    }
    // Two units that start by themselves must not conflict: what a timer starts does not.
    let triggered = earlier.filter { $0.hasPrefix("w") && $0.hasSuffix(".service") }
    if percent(6), !triggered.isEmpty { unit.add(.unit, "Conflicts", triggered[random.below(triggered.count)]) }
    if percent(5) { unit.add(.unit, "StopWhenUnneeded", "yes") }
    if percent(6) { unit.add(.unit, "JobTimeoutSec", span(300...9000)) }
    if percent(3) { unit.add(.unit, "JobRunningTimeoutSec", span(300...9000)) }
    addConditions(&unit)
  }

  private mutating func addConditions(_ unit: inout UnitText) {
    if percent(8) { unit.add(.unit, "ConditionPathExists", random.pick(["/sim/there", "!/sim/not-there", "|/sim/a"])) }
    if percent(3) { unit.add(.unit, "ConditionPathExists", "|/sim/b") }
    if percent(4) { unit.add(.unit, "ConditionEnvironment", random.pick(["!NOWHERE_SET", "NOWHERE_SET"])) }
    if percent(3) { unit.add(.unit, "AssertFileNotEmpty", "/sim/full") }
  }
}
#endif
