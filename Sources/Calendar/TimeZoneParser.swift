import Model

extension TimeZoneParser {
  /// A zone of the bytes of a TZif file: of version 2 and later the second, 64-bit block and the rule behind it. Every byte
  /// that is read is checked; the caller bounds the size.
  public static func parse(tzif bytes: Bytes) throws(TimeZoneError) -> TimeZone {
    var reader = TZifReader(bytes: bytes)
    return try reader.read()
  }
}

private struct TZifReader {
  let bytes: Bytes
  var position = 0
  // Counts of the header that was read last.
  var utcIndicators = 0
  var standardIndicators = 0
  var leapSeconds = 0
  var transitions = 0
  var types = 0
  var characters = 0

  init(bytes: Bytes) { self.bytes = bytes }

  func failure(_ kind: TimeZoneError.Kind) -> TimeZoneError { TimeZoneError(kind: kind, offset: position) }

  mutating func read() throws(TimeZoneError) -> TimeZone {
    let version = try readHeader()
    if version == 0 { return try readBlock(timeSize: 4, hasFooter: false) }
    try skip(blockSize(timeSize: 4))
    if try readHeader() != version { throw failure(.notTZif) }
    return try readBlock(timeSize: 8, hasFooter: true)
  }

  /// The version: 0, or 50 (`2`) and up.
  private mutating func readHeader() throws(TimeZoneError) -> UInt8 {
    if bytes.count - position < 44 { throw failure(bytes.starts(with: "TZif") ? .cut : .notTZif) }
    if bytes[position] != 84 || bytes[position + 1] != 90 || bytes[position + 2] != 105 || bytes[position + 3] != 102 {
      throw failure(.notTZif)
    }
    let version = bytes[position + 4]
    if version != 0 && version < 50 { throw failure(.notTZif) }
    position += 20
    utcIndicators = Int(try readNumber(4))
    standardIndicators = Int(try readNumber(4))
    leapSeconds = Int(try readNumber(4))
    transitions = Int(try readNumber(4))
    types = Int(try readNumber(4))
    characters = Int(try readNumber(4))
    return version
  }

  /// Big endian. The caller's loops are bounded by the file: `blockSize` was checked.
  private mutating func readNumber(_ size: Int) throws(TimeZoneError) -> UInt64 {
    if bytes.count - position < size { throw failure(.cut) }
    var value: UInt64 = 0
    for index in 0..<size { value = value << 8 | UInt64(bytes[position + index]) }
    position += size
    return value
  }

  private mutating func skip(_ count: Int) throws(TimeZoneError) {
    if bytes.count - position < count { throw failure(.cut) }
    position += count
  }

  /// Each count has 32 bits, so this cannot overflow.
  private func blockSize(timeSize: Int) -> Int {
    transitions * (timeSize + 1) + types * 6 + characters + leapSeconds * (timeSize + 4) + standardIndicators + utcIndicators
  }

  private mutating func readBlock(timeSize: Int, hasFooter: Bool) throws(TimeZoneError) -> TimeZone {
    if leapSeconds > 0 { throw failure(.leapSeconds) }
    if types < 1 || types > 256 || characters < 1 || (utcIndicators != 0 && utcIndicators != types)
      || (standardIndicators != 0 && standardIndicators != types)
    {
      throw failure(.badCount)
    }
    if bytes.count - position < blockSize(timeSize: timeSize) { throw failure(.cut) }
    var times: [Int64] = []
    times.reserveCapacity(transitions)
    for _ in 0..<transitions {
      let raw = try readNumber(timeSize)
      let time = timeSize == 4 ? Int64(Int32(truncatingIfNeeded: raw)) : Int64(bitPattern: raw)
      if let last = times.last, last >= time { throw failure(.badTransition) }
      times.append(time)
    }
    let indexes = Bytes(bytes[position..<(position + transitions)])
    for index in indexes where Int(index) >= types { throw failure(.badTransition) }
    position += transitions
    let read = try readTypes()
    for _ in 0..<(standardIndicators + utcIndicators) {
      if try readNumber(1) > 1 { throw failure(.badType) }
    }
    let rule = hasFooter ? try readFooter() : nil
    if position < bytes.count { throw failure(.badCount) }
    return TimeZone(transitions: times, typeIndexes: indexes, types: read, rule: rule)
  }

  private mutating func readTypes() throws(TimeZoneError) -> [LocalTimeType] {
    let names = position + types * 6
    var result: [LocalTimeType] = []
    for _ in 0..<types {
      let offset = Int32(truncatingIfNeeded: try readNumber(4))
      let isDaylight = try readNumber(1)
      let name = Int(try readNumber(1))
      // From -25 to 26 hours (RFC 9636, 3.2).
      if offset <= -90_000 || offset >= 93_600 || isDaylight > 1 { throw failure(.badType) }
      var end = names + name
      while end < names + characters, bytes[end] != 0 { end += 1 }
      if end >= names + characters { throw failure(.badAbbreviation) }
      result.append(LocalTimeType(offset: offset, isDaylight: isDaylight == 1, abbreviation: Bytes(bytes[(names + name)..<end])))
    }
    position = names + characters
    return result
  }

  /// A rule between two line ends; nothing between them where the last type holds for ever.
  private mutating func readFooter() throws(TimeZoneError) -> TimeZoneRule? {
    if position >= bytes.count { throw failure(.cut) }
    if bytes[position] != 10 { throw failure(.badRule) }
    let start = position + 1
    var end = start
    while end < bytes.count, bytes[end] != 10 { end += 1 }
    if end >= bytes.count { throw failure(.cut) }
    position = end + 1
    return end == start ? nil : try TimeZoneParser.parseRule(bytes, from: start, to: end)
  }
}
