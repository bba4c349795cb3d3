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
            new Option("file", OptionKind.File, "name of the file, below the bundle unless absolute; - writes to standard output")
            {
                Letter = 'f',
                Value = "FILE",
                Default = "config.json",
            },
            new Option("rootless", OptionKind.Flag, "write one for a caller without privileges"),
        ],
        Maximum = 0,
        Examples =
        [
            new("spec --bundle /srv/box", "write /srv/box/config.json"),
            new("spec --rootless", "for a user without privileges"),
            new("spec --file -", "to standard output"),
        ],
        SeeAlso = ["create", "run", "validate"],
        Execute = Execute,
    };

    private static int Execute(Arguments arguments)
    {
        byte[] text = SpecTemplate.Write(arguments.Flag("rootless"), Sys.geteuid(), Sys.getegid());
        string name = arguments.Text("file") ?? "config.json";
        if (name == "-")
        {
            Output.Write(text);
            return 0;
        }

        string given = name[0] == '/' ? name : $"{arguments.Path("bundle") ?? Paths.WorkingDirectory("--bundle")}/{name}";
        byte[] path = Sys.Bytes(given);
        const int flags = Uapi.O_WRONLY | Uapi.O_CREAT | Uapi.O_EXCL;
        using Fd file = new(Sys.openat(Uapi.AT_FDCWD, path, flags, 0x1b6 /* 0666 */));
        if (file.Number == -Errno.EEXIST)
            throw new FaultException(new Fault($"File {name} exists. Remove it first") { Field = "--bundle", Value = given });
        if (file.Number < 0)
            throw Failed(given, "openat", file.Number);
        int result = Sys.WriteAll(file.Number, text);
        if (result == 0)
            return 0;
        Sys.unlinkat(Uapi.AT_FDCWD, path, 0);
        throw Failed(given, "write", result);
    }

    private static FaultException Failed(string path, string syscall, int result) =>
        new(new Fault("cannot write the file")
        {
            Field = "--bundle",
            Value = path,
            Syscall = syscall,
            Errno = -result,
        });
}
