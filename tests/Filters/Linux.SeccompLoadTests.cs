using System;
using System.Diagnostics;
using System.IO;
using System.Runtime.InteropServices;
using FluentAssertions;
using OciRun.Filters;
using OciRun.Spec;
using Xunit;
using Process = System.Diagnostics.Process;

namespace OciRun.Tests.Filters;

/// <summary>A test that runs a C program on this machine's kernel.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class CompilerFactAttribute : FactAttribute
{
    public CompilerFactAttribute()
    {
        if (RuntimeInformation.ProcessArchitecture != Architecture.X64)
            Skip = "the program makes x86 calls";
        else if (!File.Exists("/usr/bin/cc"))
            Skip = "no C compiler (/usr/bin/cc)";
    }
}

/// <summary>What the kernel does with our programs.</summary>
public sealed class LinuxSeccompLoadTests
{
    // Loads the program in a child per call and prints the call's result, or the signal that ended the child.
    private const string Source =
        """
        #define _GNU_SOURCE
        #include <errno.h>
        #include <stdio.h>
        #include <string.h>
        #include <unistd.h>
        #include <linux/filter.h>
        #include <sys/prctl.h>
        #include <sys/syscall.h>
        #include <sys/wait.h>

        static struct sock_filter code[4096];

        static long call(const char *what)
        {
            long result;
            if (!strcmp(what, "getppid")) return syscall(SYS_getppid) > 0 ? 0 : -1;
            if (!strcmp(what, "reboot")) return syscall(SYS_reboot, 0, 0, 0, 0);
            if (!strcmp(what, "personality")) return syscall(SYS_personality, 0xffffffff) >= 0 ? 0 : -1;
            if (!strcmp(what, "personality-low")) return syscall(SYS_personality, 4);
            if (!strcmp(what, "personality-high")) return syscall(SYS_personality, 0x100000000);
            if (!strcmp(what, "newest")) return syscall(9999);
            if (!strcmp(what, "x32")) return syscall(0x40000000 + SYS_getppid);
            __asm__ volatile("int $0x80" : "=a"(result) : "a"(64) : "memory");
            return result > 0 ? 0 : -1;
        }

        int main(int argc, char **argv)
        {
            struct sock_fprog program = { 0, code };
            program.len = fread(code, 8, 4096, stdin);
            for (int i = 1; i < argc; i++) {
                int status;
                pid_t child = fork();
                if (child == 0) {
                    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
                    if (syscall(SYS_seccomp, 1, 0, &program)) _exit(255);
                    _exit(call(argv[i]) < 0 ? errno : 0);
                }
                waitpid(child, &status, 0);
                printf("%s %d\n", argv[i], WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status));
            }
            return 0;
        }
        """;

    [CompilerFact]
    public void The_kernel_takes_and_obeys_an_engines_profile() => Load(SeccompSample.Engine(), "i386").Should().Be(
        "getppid 0\nreboot 1\npersonality 0\npersonality-low 1\npersonality-high 1\nnewest 38\ni386 0\n");

    // 31 is SIGSYS: calls of architectures not listed kill.
    [CompilerFact]
    public void No_other_architecture_is_a_way_around()
    {
        Seccomp profile = SeccompSample.Engine();
        profile.Architectures = ["SCMP_ARCH_X86_64"];
        Load(profile, "i386", "x32").Should().Be(
            "getppid 0\nreboot 1\npersonality 0\npersonality-low 1\npersonality-high 1\nnewest 38\ni386 -31\nx32 -31\n");
    }

    private static string Load(Seccomp profile, params string[] more)
    {
        string directory = Directory.CreateTempSubdirectory("seccomp").FullName;
        try
        {
            string binary = Path.Combine(directory, "load");
            Start("/usr/bin/cc", Source, "-O1", "-x", "c", "-o", binary, "-").Should().BeEmpty();
            byte[] program = SeccompCompiler.Compile(profile, Architecture.X64)!.Value.Instructions;
            return Start(
                binary, program, ["getppid", "reboot", "personality", "personality-low", "personality-high", "newest", .. more]);
        }
        finally
        {
            Directory.Delete(directory, true);
        }
    }

    private static string Start(string file, string input, params string[] arguments) =>
        Start(file, System.Text.Encoding.UTF8.GetBytes(input), arguments);

    private static string Start(string file, byte[] input, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(file, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            UseShellExecute = false,
        })!;
        process.StandardInput.BaseStream.Write(input);
        process.StandardInput.Close();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return output;
    }
}
