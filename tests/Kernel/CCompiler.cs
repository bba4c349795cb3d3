using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Text;
using Xunit;

namespace OciRun.Tests.Kernel;

/// <summary>A test that asks the C compiler what the kernel's headers say.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class CompilerFactAttribute : FactAttribute
{
    public CompilerFactAttribute() => Skip = CCompiler.Missing;
}

internal static class CCompiler
{
    // All that the constants and structs need and that can be included together.
    public const string Headers = """
        #define _GNU_SOURCE
        #include <stddef.h>
        #include <stdio.h>
        #include <errno.h>
        #include <fcntl.h>
        #include <poll.h>
        #include <signal.h>
        #include <time.h>
        #include <unistd.h>
        #include <sys/file.h>
        #include <sys/timerfd.h>
        #include <sys/ioctl.h>
        #include <sys/mman.h>
        #include <sys/resource.h>
        #include <sys/signalfd.h>
        #include <sys/socket.h>
        #include <sys/stat.h>
        #include <sys/statfs.h>
        #include <sys/statvfs.h>
        #include <sys/uio.h>
        #include <sys/un.h>
        #include <sys/wait.h>
        #include <asm/termbits.h>
        #include <asm/unistd.h>
        #ifndef __x86_64__
        #define __X32_SYSCALL_BIT 0x40000000
        #endif
        #include <linux/bpf.h>
        #include <linux/capability.h>
        #include <linux/close_range.h>
        #include <linux/filter.h>
        #include <linux/fs.h>
        #include <linux/if.h>
        #include <linux/ioprio.h>
        #include <linux/keyctl.h>
        #include <linux/magic.h>
        #include <linux/memfd.h>
        #include <linux/mount.h>
        #include <linux/netlink.h>
        #include <linux/nsfs.h>
        #include <linux/openat2.h>
        #include <linux/prctl.h>
        #include <linux/rtnetlink.h>
        #include <linux/sched.h>
        #include <linux/sched/types.h>
        #include <linux/seccomp.h>
        #include <linux/sockios.h>
        #include <linux/utsname.h>

        """;

    /// <summary>Why the tests cannot run, or null.</summary>
    public static string? Missing { get; } = FindMissing();

    /// <summary>Values of C expressions as the compiler sees them after some includes, by the names given to them.</summary>
    public static Dictionary<string, string> Evaluate(string headers, IEnumerable<(string Name, string Expression)> expressions)
    {
        StringBuilder code = new(headers);
        code.Append("\n#include <stdio.h>\nint main(void) {\n");
        foreach ((string name, string expression) in expressions)
            code.Append($"printf(\"%s %lld\\n\", \"{name}\", (long long)({expression}));\n");
        code.Append("return 0; }\n");
        return Run(code.ToString()).Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.Split(' ')).ToDictionary(words => words[0], words => words[1], StringComparer.Ordinal);
    }

    private static string Run(string code)
    {
        string folder = Directory.CreateTempSubdirectory("ocirun-abi-").FullName;
        try
        {
            File.WriteAllText(folder + "/abi.c", code);
            Execute("cc", "-w", "-o", folder + "/abi", folder + "/abi.c");
            return Execute(folder + "/abi");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static string Execute(string program, params string[] arguments)
    {
        ProcessStartInfo start = new(program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        using Process process = Process.Start(start)!;
        System.Threading.Tasks.Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? output : throw new InvalidOperationException($"{program}: {errors.Result}");
    }

    private static string? FindMissing()
    {
        string[] folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':');
        if (!folders.Any(folder => File.Exists(folder + "/cc")))
            return "there is no C compiler (cc)";
        if (!File.Exists("/usr/include/linux/openat2.h"))
            return "the kernel's headers are not installed (linux/openat2.h)";
        return File.Exists("/usr/include/stdio.h") ? null : "the C library's headers are not installed";
    }
}
