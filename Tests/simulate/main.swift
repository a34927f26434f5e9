#if !EMBEDDED
import Foundation
import SimulatedKernel

// swift run -c release simulate --seeds 2000
// swift run -c release simulate --seed 17 --trace
// swift run -c release --traits Planted --scratch-path .build-planted simulate --planted all

exit(Command(CommandLine.arguments).run())
#endif
