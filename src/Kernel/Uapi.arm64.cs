namespace OciRun.Kernel;

internal static partial class Uapi
{
    // asm/fcntl.h of arm64
    public const int O_DIRECTORY = 0x4000;
    public const int O_NOFOLLOW = 0x8000;
}
