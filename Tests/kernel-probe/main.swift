#if !EMBEDDED
Probe.main()
#endif
