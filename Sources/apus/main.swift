import CLinux

_ = write(1, "apus\n", 5)
