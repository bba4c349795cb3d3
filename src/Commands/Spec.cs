using OciRun.Errors;
using OciRun.Kernel;
using OciRun.Spec;

namespace OciRun.Commands;

/// <summary><c>spec</c> (features.md 1.17).</summary>
internal static class Spec
{
    public static Verb Describe() => new()
    {
        Name = "spec",
        Summary = "write a config.json to start from",
        Description = "The file describes a shell in a read-only root file system expected in rootfs beside it.",
        Options =
        [
            new Option("bundle", OptionKind.Directory, "directory to write it to")
            {
                Letter = 'b',
                Value = "DIR",
                Default = "the working directory",
            },
            new Option("rootless", OptionKind.Flag, "write one for a caller without privileges"),
        ],
        Maximum = 0,
        Execute = Execute,
    };

    private static int Execute(Arguments arguments)
    {
        string bundle = arguments.Path("bundle") ?? Paths.WorkingDirectory("--bundle");
        byte[] path = Sys.Bytes($"{bundle}/config.json");
        const int flags = Uapi.O_WRONLY | Uapi.O_CREAT | Uapi.O_EXCL;
        using Fd file = new(Sys.openat(Uapi.AT_FDCWD, path, flags, 0x1b6 /* 0666 */));
        if (file.Number == -Errno.EEXIST)
            throw new FaultException(new Fault("File config.json exists. Remove it first") { Field = "--bundle", Value = bundle });
        if (file.Number < 0)
            throw Failed(bundle, "openat", file.Number);
        bool rootless = arguments.Flag("rootless");
        int result = Sys.WriteAll(file.Number, SpecTemplate.Write(rootless, Sys.geteuid(), Sys.getegid()));
        if (result == 0)
            return 0;
        Sys.unlinkat(Uapi.AT_FDCWD, path, 0);
        throw Failed(bundle, "write", result);
    }

    private static FaultException Failed(string bundle, string syscall, int result) =>
        new(new Fault("cannot write config.json")
        {
            Field = "--bundle",
            Value = bundle,
            Syscall = syscall,
            Errno = -result,
        });
}
