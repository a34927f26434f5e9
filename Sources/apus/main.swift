leave(apusMain(ProcessArguments()))
