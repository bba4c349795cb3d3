namespace OciRun.Kernel;

internal static partial class Uapi
{
    // asm/fcntl.h of x86-64
    public const int O_DIRECTORY = 0x10000;
    public const int O_NOFOLLOW = 0x20000;
}
