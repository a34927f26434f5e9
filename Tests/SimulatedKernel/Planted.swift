#if !EMBEDDED
import Model

/// A bug that the `Planted` build has in its sources, and the checkers whose duty it is to catch it.
public struct PlantedBug: Sendable {
  public var number: Int
  public var name: String
  public var checkers: [String]

  public static let all: [PlantedBug] = []
}

/// Chooses the planted bug of this process; 0: none. False: this build has none of them.
public func plant(_ number: Int) -> Bool {
  #if PLANTED
  guard number >= 0, number <= PlantedBug.all.count else { return false }
  plantedBug = number
  return true
  #else
  return false
  #endif
}
#endif
