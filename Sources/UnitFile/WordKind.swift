import Model

/// What the words of a list may be.
enum WordKind {
  case address, unitName, group, assignment, variable, variableOrAssignment

  func includes(_ word: Bytes) -> Bool {
    switch self {
    case .address: word.isAddress
    case .unitName: UnitName(word) != nil
    case .group: word.isUserName
    case .assignment: word.isEnvironmentAssignment && word.firstInvalidUTF8 == nil
    case .variable: word.isEnvironmentName
    case .variableOrAssignment: word.isEnvironmentName || word.isEnvironmentAssignment
    }
  }

  var complaint: StaticString {
    switch self {
    case .address: "no address"
    case .unitName: "no name of a unit"
    case .group: "no name of a group, and no number of one"
    case .assignment: "no NAME=value"
    case .variable: "no name of a variable"
    case .variableOrAssignment: "neither NAME nor NAME=value"
    }
  }

  var hint: StaticString {
    switch self {
    case .address: "begin with https://, http://, file:/, info: or man:"
    case .assignment: "a name is letters, digits and _; quote a value that has blanks"
    case .unitName: "for example multi-user.target"
    case .group, .variable, .variableOrAssignment: ""
    }
  }
}
