using System;
using OciRun.Errors;
using OciRun.Kernel;
using OciRun.Spec;

namespace OciRun.Launch;

/// <summary>The process that <c>exec</c> runs: the container's own with what was given in its place (features.md 1.8).</summary>
internal static class ExecProcess
{
    /// <summary>Of the flags.</summary>
    /// <param name="own">The container's process; a base, not changed.</param>
    /// <param name="options">The flags.</param>
    /// <exception cref="FaultException">There is no program to run.</exception>
    public static Process FromFlags(Process own, ExecOptions options)
    {
        if (options.Args.Length == 0)
            throw new FaultException(new Fault("exec args cannot be empty") { Hint = "name the program after the container's id" });
        User user = own.User ?? new User();
        return new Process
        {
            Args = Texts(options.Args),
            Terminal = options.Terminal,
            Cwd = options.Cwd is null ? own.Cwd : options.Cwd,
            Env = [.. own.Env ?? [], .. Texts(options.Env)],
            User = new User
            {
                Uid = options.Uid ?? user.Uid,
                Gid = options.Gid ?? user.Gid,
                Umask = user.Umask,
                AdditionalGids = [.. user.AdditionalGids ?? [], .. options.AdditionalGids],
            },
            Capabilities = Add(own.Capabilities, Texts(options.Capabilities)),
            NoNewPrivileges = options.NoNewPrivileges ?? own.NoNewPrivileges,
            ApparmorProfile = options.ApparmorProfile is null ? own.ApparmorProfile : options.ApparmorProfile,
            SelinuxLabel = options.SelinuxLabel is null ? own.SelinuxLabel : options.SelinuxLabel,
            Rlimits = own.Rlimits,
            OomScoreAdj = own.OomScoreAdj,
            Scheduler = own.Scheduler,
            IoPriority = own.IoPriority,
            ExecCpuAffinity = own.ExecCpuAffinity,
        };
    }

    /// <summary>Of a process.json: what it leaves out of limits, rights and labels the container's own process has.</summary>
    public static Process FromFile(Process own, Process given)
    {
        if (given.User is { Umask: null })
            given.User.Umask = own.User?.Umask;
        given.User ??= new User { Umask = own.User?.Umask };
        given.Capabilities ??= own.Capabilities;
        if (given.Rlimits is not { Length: > 0 })
            given.Rlimits = own.Rlimits;
        if (given.ApparmorProfile.IsEmpty)
            given.ApparmorProfile = own.ApparmorProfile;
        if (given.SelinuxLabel.IsEmpty)
            given.SelinuxLabel = own.SelinuxLabel;
        given.OomScoreAdj ??= own.OomScoreAdj;
        given.Scheduler ??= own.Scheduler;
        given.IoPriority ??= own.IoPriority;
        given.ExecCpuAffinity ??= own.ExecCpuAffinity;
        return given;
    }

    /// <summary>Reads a process.json; it may be a pipe.</summary>
    public static Process Read(string path)
    {
        int fd = Sys.openat(Uapi.AT_FDCWD, Sys.Bytes(path), Uapi.O_RDONLY | Uapi.O_NOCTTY);
        int errno = -fd;
        byte[]? json = fd < 0 ? null : Sys.ReadToEnd(fd, ConfigReader.MaximumSize, out errno);
        if (fd >= 0)
            Sys.close(fd);
        return json is not null
            ? ConfigReader.ReadProcess(json, path)
            : throw new FaultException(new Fault("cannot read the process")
            {
                Field = "--process",
                Value = path,
                Syscall = fd < 0 ? "openat" : "read",
                Errno = errno,
            });
    }

    // An ambient capability has to be inheritable, which is not added: files with inheritable ones would gain from it
    // (CVE-2022-29162).
    private static Capabilities? Add(Capabilities? own, Utf8[] more)
    {
        if (more.Length == 0)
            return own;
        own ??= new Capabilities();
        Utf8[] inheritable = own.Inheritable ?? [];
        Utf8[] ambient = Array.FindAll(more, added => Array.Exists(inheritable, known => known.Span.SequenceEqual(added.Span)));
        return new Capabilities
        {
            Bounding = [.. own.Bounding ?? [], .. more],
            Effective = [.. own.Effective ?? [], .. more],
            Permitted = [.. own.Permitted ?? [], .. more],
            Inheritable = own.Inheritable,
            Ambient = [.. own.Ambient ?? [], .. ambient],
        };
    }

    private static Utf8[] Texts(string[] texts) => Array.ConvertAll(texts, static text => new Utf8(text));
}
