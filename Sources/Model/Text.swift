/// Bytes written as an interpolated literal: `Text("\(name): started (pid \(pid))").bytes`. Costs no `String`: the
/// static binary has none, and `+` over many operands costs the compiler seconds.
public struct Text: ExpressibleByStringInterpolation, Sendable {
  public var bytes: Bytes

  public init(stringLiteral value: StaticString) { bytes = Bytes(value) }
  public init(stringInterpolation: Interpolation) { bytes = stringInterpolation.bytes }

  /// What collects the pieces of a literal.
  public struct Interpolation: StringInterpolationProtocol {
    var bytes = Bytes()
    // Inlined, these cost sixty bytes a literal.
    @inline(never)
    public init(literalCapacity: Int, interpolationCount: Int) {
      bytes.reserveCapacity(literalCapacity + interpolationCount * 16)
    }
    /// A piece of the literal itself.
    @inline(never)
    public mutating func appendLiteral(_ literal: StaticString) { bytes.append(literal) }
    /// Bytes as they are.
    @inline(never)
    public mutating func appendInterpolation(_ value: Bytes) { bytes += value }
    /// A literal as it is.
    @inline(never)
    public mutating func appendInterpolation(_ value: StaticString) { bytes.append(value) }
    /// A number in decimal.
    public mutating func appendInterpolation(_ value: some BinaryInteger) { bytes.append(decimal: value) }
  }
}

/// The bytes of an interpolated literal.
public func text(_ text: Text) -> Bytes { text.bytes }
