#if !hasFeature(Embedded)
import Model
import Supervision

/// Shows every event with its effects to the simulator's checkers. The Embedded build, which is the product, has none.
package struct TurnObserver {
  package var before: (Event, Manager) -> Void
  /// The event is nil for the boot.
  package var after: (Event?, [Effect], Manager, Now) -> Void
  package init(before: @escaping (Event, Manager) -> Void, after: @escaping (Event?, [Effect], Manager, Now) -> Void) {
    self.before = before
    self.after = after
  }
}
#endif
