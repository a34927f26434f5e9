#if PLANTED
/// Which planted bug this process has (Tests/SimulatedKernel/Planted.swift); 0: none. Only the trait `Planted`, the simulator's
/// test of its own checkers, compiles this in.
nonisolated(unsafe) public var plantedBug = 0
#endif
