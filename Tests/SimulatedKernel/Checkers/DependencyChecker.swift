#if !EMBEDDED
import Model
import Supervision

/// No dependent before its dependency is ready, and on the way down no dependency before its dependents are gone
/// (units.md e.1). Looked at where it shows outside: when a unit spawns the first process of a run, and when it gets the first
/// signal or ExecStop= of a stop. What has to have ended by then comes from the units' own words and from what became of jobs,
/// not from the transaction that planned them.
final class DependencyChecker: Checker {
  override var name: StaticString { "dependency" }

  private struct OpenJob {
    var id: UInt32
    var type: JobType
    var queuedAt: Int
    /// A restart whose stop is over.
    var isStartNow = false
    /// Units that it needs and that were up when it was queued: they are not started for it.
    var upWhenQueued: [Int] = []
  }
  private var graph = UnitGraph()
  /// Counts what became of jobs.
  private var time = 0
  /// When the words were read last: what they newly require is not pulled in for jobs that wait already.
  private var loadedAt = 0
  private var open: [Int: OpenJob] = [:]
  private var lastStart: [Int: (at: Int, result: JobResult)] = [:]
  private var lastStop: [Int: JobResult] = [:]
  /// What was not as it has to be when the unit's job began; judged when it acts.
  private var owedByStart: [Int: String] = [:]
  private var owedByStop: [Int: (job: UInt32, text: String)] = [:]
  private var lastRun: [Int: UInt32] = [:]
  private var isKilling = false

  override func after(_ moment: Moment) {
    graph.follow(moment)
    if case .loaded = moment.event { loadedAt = time }
    if moment.says("killing everything") { isKilling = true }
    for news in moment.manager.jobNews { follow(news, moment) }
    // A circle that closed behind the transactions is broken somewhere, and said.
    if moment.says("it goes first") {
      owedByStart = [:]
      owedByStop = [:]
    }
    for effect in moment.effects {
      switch effect {
      case .spawn(let request): judgeSpawn(request, moment)
      case .kill(let order): judgeStop(Int(order.invocation.unit.index), moment)
      default: break
      }
    }
  }

  private func follow(_ news: JobNews, _ moment: Moment) {
    time += 1
    let unit = Int(news.unit.index)
    switch news.kind {
    case .queued:
      let needs = graph.requires[unit] + graph.bindsTo[unit]
      open[unit] = OpenJob(
        id: news.id, type: news.type, queuedAt: time, upWhenQueued: needs.filter { moment.before($0)?.isUp == true || moment.new[$0].isUp })
      owedByStart[unit] = nil
    case .merged(let into): if open[unit]?.id == into { open[unit]?.type = news.type }
    case .becameStart: open[unit]?.isStartNow = true
    case .begun:
      guard let job = open[unit], job.id == news.id else { return }
      // A look whether it is up starts nothing; an idle service's start, begun before, may still wait.
      if news.type.isStart && news.type != .verifyActive { owedByStart[unit] = missing(unit, job, moment) }
      if news.type.isStop, let old = moment.before(unit), !old.state.isGone { owedByStop[unit] = remaining(unit, job, moment) }
    case .ended(let result):
      if news.type.isStart { lastStart[unit] = (time, result) }
      if news.type.isStop { lastStop[unit] = result }
      // A restart that comes to nothing fails nobody (as in systemd).
      if news.type == .restart || news.type == .tryRestart { lastStart[unit] = (time, .canceled) }
      open[unit] = nil
    }
  }

  /// Who is not ready that has to be, now that the unit's start begins; nil: nobody.
  private func missing(_ unit: Int, _ job: OpenJob, _ moment: Moment) -> String? {
    for other in graph.after[unit] {
      if let theirs = open[other] {
        return "before the \(theirs.type.name) job of \(moment.name(other).shown) has ended, which it is ordered after"
      }
    }
    // A restart goes on though what it requires has failed meanwhile (as in systemd).
    guard job.type.isStart, job.queuedAt > loadedAt else { return nil }
    for other in graph.requires[unit] + graph.bindsTo[unit] where graph.after[unit].contains(other) {
      let glance = moment.new[other]
      let old = moment.before(other) ?? glance
      if old.isInBackoff && glance.isInBackoff {
        return "while \(moment.name(other).shown) is in its backoff, which it requires and is ordered after"
      }
      if moment.manager.unit(other).isBuiltIn || old.isUp || glance.isUp || job.upWhenQueued.contains(other) { continue }
      if let end = lastStart[other], end.at > job.queuedAt, [.done, .skipped, .canceled].contains(end.result) { continue }
      return "without \(moment.name(other).shown), which it requires and is ordered after"
    }
    return nil
  }

  /// Who is not down that has to be, now that the unit's stop begins.
  private func remaining(_ unit: Int, _ job: OpenJob, _ moment: Moment) -> (UInt32, String)? {
    for other in graph.before[unit] {
      if let theirs = open[other], theirs.type.isStop, !theirs.isStartNow, theirs.queuedAt < time {
        return (job.id, "before \(moment.name(other).shown) is down, which is ordered after it")
      }
      guard graph.requires[other].contains(unit) || graph.bindsTo[other].contains(unit), open[other] == nil else { continue }
      guard let old = moment.before(other), !old.state.isGone, !moment.new[other].state.isGone, old.invocation != 0 else { continue }
      if lastStop[other] == .timeout || old.invocation != moment.new[other].invocation { continue }
      return (job.id, "under \(moment.name(other).shown), which requires it")
    }
    return nil
  }

  private func judgeSpawn(_ request: SpawnRequest, _ moment: Moment) {
    let unit = Int(request.key.invocation.unit.index)
    guard unit >= 0, request.key.role != .probe else { return }
    if request.key.role == .stop { judgeStop(unit, moment) }
    guard lastRun[unit] != request.key.invocation.number else { return }
    lastRun[unit] = request.key.invocation.number
    // A start that was held back (Type=idle) and taken back: its first process is of its stop.
    if request.key.role == .stop || request.key.role == .stopPost { return }
    if let text = owedByStart[unit] { fail("\(moment.name(unit).shown) spawned its first process " + text) }
    // A start that was held back (Type=idle) goes on when another start takes the place of the stop that BindsTo= asked for.
    if moment.manager.settings(unit)?.type == .idle, moment.new[unit].jobType?.isStart == true, moment.before(unit)?.state == .start {
      return
    }
    for other in graph.bindsTo[unit] where graph.after[unit].contains(other) && !moment.manager.unit(other).isBuiltIn {
      if !moment.new[other].isUp, moment.before(other)?.isUp != true {
        fail("\(moment.name(unit).shown) spawned its first process, and \(moment.name(other).shown), which it is bound to, is not up")
      }
    }
  }

  private func judgeStop(_ unit: Int, _ moment: Moment) {
    guard unit >= 0, !isKilling, let owed = owedByStop[unit], let job = open[unit], job.id == owed.job else { return }
    guard moment.new[unit].active == .deactivating || moment.new[unit].isDown else { return }
    fail("\(moment.name(unit).shown) was stopped " + owed.text)
  }
}

/// Every job ends exactly once, with a result: also one that is merged into another, replaced, timed out, or there when apus
/// leaves. What is said of jobs is what the units show.
final class JobEndChecker: Checker {
  override var name: StaticString { "job-end" }
  private var open: [UInt32: Int] = [:]
  private var jobOfUnit: [Int: UInt32] = [:]
  private var ended: Set<UInt32> = []

  override func after(_ moment: Moment) {
    let news = moment.manager.jobNews
    var heirs: [UInt32] = []
    for item in news { follow(item, &heirs, moment) }
    for heir in heirs where open[heir] == nil && !ended.contains(heir) { fail("a job was merged into job \(heir), which is not there") }
    for index in moment.changed + news.map({ Int($0.unit.index) }) where moment.new[index].jobID != jobOfUnit[index] ?? 0 {
      fail("\(moment.name(index).shown) shows job \(moment.new[index].jobID), told was job \(jobOfUnit[index] ?? 0)")
    }
  }

  private func follow(_ item: JobNews, _ heirs: inout [UInt32], _ moment: Moment) {
    let unit = Int(item.unit.index)
    func name() -> String { "job \(item.id) (\(item.type.name)) of \(moment.name(unit).shown)" }
    switch item.kind {
    case .queued:
      if open[item.id] != nil || ended.contains(item.id) { fail("\(name()) was queued twice") }
      if let other = jobOfUnit[unit] { fail("\(name()) was queued beside job \(other)") }
      open[item.id] = unit
      jobOfUnit[unit] = item.id
    case .merged(let into):
      if !ended.insert(item.id).inserted { fail("\(name()) had ended, and was merged into job \(into)") }
      if open.removeValue(forKey: item.id) != nil { jobOfUnit[unit] = nil }
      heirs.append(into)
    case .begun, .becameStart: if open[item.id] == nil { fail("\(name()) began, and is not there") }
    case .ended(let result):
      if !ended.insert(item.id).inserted { return fail("\(name()) ended twice") }
      if open.removeValue(forKey: item.id) == nil { return fail("\(name()) ended, and was never queued") }
      jobOfUnit[unit] = nil
      judge(item, result, moment)
    }
  }

  /// A result is what the unit shows, where nothing else has followed in the same moment.
  private func judge(_ item: JobNews, _ result: JobResult, _ moment: Moment) {
    let new = moment.new[Int(item.unit.index)]
    // A timer's slot that waited for the end may have begun the next run already.
    // A unit that somebody upholds is started again at once: only the last news of a unit says what it shows.
    guard moment.manager.jobNews.last(where: { $0.unit == item.unit })?.id == item.id else { return }
    guard new.jobID == 0, moment.before(Int(item.unit.index))?.invocation == new.invocation else { return }
    guard !moment.manager.unit(Int(item.unit.index)).isBuiltIn else { return }
    if item.type == .stop, result == .done, !new.isDown {
      fail("the stop of \(moment.name(Int(item.unit.index)).shown) is done, and the unit \(new.active.name)")
    }
    if item.type == .start, result == .failed, new.isUp {
      fail("the start of \(moment.name(Int(item.unit.index)).shown) failed, and the unit is \(new.active.name)")
    }
  }

  override func left(status: UInt8, _ manager: Manager) {
    for (id, unit) in open.sorted(by: { $0.key < $1.key }) {
      fail("apus leaves, and job \(id) of \(manager.name(unit).shown) has not ended")
    }
  }
}
#endif
