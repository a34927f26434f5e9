// One sort for all: the standard library's is made anew for every type and every order, three kilobytes each time in the
// static release.

/// The positions 0 ..< count in order, equal ones as they were: a merge sort from below.
public func sortedOrder(_ count: Int, _ comesBefore: (Int, Int) -> Bool) -> [Int] {
  var order = [Int](0..<count)
  var merged = order
  var width = 1
  while width < count {
    var start = 0
    while start < count {
      let middle = min(start + width, count)
      let end = min(middle + width, count)
      var left = start
      var right = middle
      for index in start..<end {
        if left < middle && (right >= end || !comesBefore(order[right], order[left])) {
          merged[index] = order[left]
          left += 1
        } else {
          merged[index] = order[right]
          right += 1
        }
      }
      start = end
    }
    swap(&order, &merged)
    width *= 2
  }
  return order
}

/// By bytes, as strcmp(3) has it.
public func sortedByBytes(_ list: [Bytes]) -> [Bytes] {
  sortedOrder(list.count) { list[$0].lexicographicallyPrecedes(list[$1]) }.map { list[$0] }
}

/// Process numbers and descriptors.
public func sortedNumbers(_ list: [Int32]) -> [Int32] {
  sortedOrder(list.count) { list[$0] < list[$1] }.map { list[$0] }
}
