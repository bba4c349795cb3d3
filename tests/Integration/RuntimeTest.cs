using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using System.Threading;
using FluentAssertions;
using Xunit;

namespace OciRun.Tests.Integration;

/// <summary>The black-box tests run one after another: each looks at the whole machine for leftovers.</summary>
[CollectionDefinition("runtime", DisableParallelization = true)]
public sealed class RuntimeCollection
{
}

/// <summary>
/// One test's own directory, bundle, ids and state root. After every test its containers are deleted by force and
/// then nothing of it may be left on the machine.
/// </summary>
[Collection("runtime")]
public abstract class RuntimeTest : IDisposable
{
    private readonly List<string> ids = new();
    private readonly List<string> refusedIds = new();
    private Runtime? runtime;
    private Bundle? bundle;

    protected RuntimeTest()
    {
        Work = Directory.CreateTempSubdirectory("ocirun-test-").FullName;
        File.SetUnixFileMode(Work, (UnixFileMode)0b111_101_101);
        Leftovers.MakeNullDevice(Work);
        Id = NewId();
    }

    /// <summary>The directory that only this test uses.</summary>
    protected string Work { get; }

    /// <summary>The container id of tests that need only one.</summary>
    protected string Id { get; }

    protected Runtime Runtime => runtime ??= new Runtime(Work);

    protected Bundle Bundle => bundle ??= new Bundle(Path.Combine(Work, "bundle"));

    protected string NewId()
    {
        string id = "t" + Guid.NewGuid().ToString("N", CultureInfo.InvariantCulture)[..12];
        ids.Add(id);
        return id;
    }

    /// <summary>
    /// An id that a runtime should refuse. One that takes it has a container of that name, which is deleted too; but not
    /// through a name that leads elsewhere.
    /// </summary>
    protected string RefusedId(string id)
    {
        if (id.Trim('.').Length > 0 && !id.Contains('/', StringComparison.Ordinal))
            refusedIds.Add(id);
        return id;
    }

    /// <summary>
    /// Chooses from where the runtime sees the machine; to be called after the bundle's files are made, because an
    /// unprivileged caller gets to own them, and before the first call.
    /// </summary>
    protected void Use(View view)
    {
        runtime = new Runtime(Work, view);
        if (view is View.Cgroupfs or View.Systemd)
            Bundle.Linux["cgroupsPath"] ??= view == View.Systemd ? $"system.slice:ocirun-test:{Id}" : $"{Tier.Cgroup}/{Id}";
        if (view != View.Rootless)
            return;
        Directory.CreateDirectory(Runtime.Root!);
        Execute("chown", "-hR", $"{Runtime.RootlessId}:{Runtime.RootlessId}", Work);
        Mono.Unix.Native.Syscall.chown(Leftovers.NullDevicePath(Work), 0, 0);
    }

    /// <summary><c>run</c> of the saved bundle.</summary>
    protected Outcome Run(params string[] options) => Call("run", options).Run();

    protected Outcome Create(params string[] options) => Call("create", options).Run();

    /// <summary>Creates and starts; asserts success and silence.</summary>
    protected void CreateAndStart()
    {
        Create().Should().Be(Silent);
        Runtime.Run("start", Id).Should().Be(Silent);
    }

    protected Runtime.Call Call(string verb, params string[] options)
    {
        Bundle.Save();
        string[] head = { verb, "--bundle", Bundle.Path };
        return Runtime.With(head.Concat(options).Append(Id).ToArray());
    }

    protected JsonObject State(string? id = null)
    {
        Outcome state = Runtime.Run("state", id ?? Id);
        state.Exit.Should().Be(0, state.ToString());
        return (JsonObject)JsonNode.Parse(state.Out)!;
    }

    protected string Status() => (string)State()["status"]!;

    protected int Pid() => (int)State()["pid"]!;

    protected static readonly Outcome Silent = new(0, "", "");

    /// <summary>Waits until the condition holds; fails after five seconds.</summary>
    protected static void Eventually(Func<bool> condition, string what)
    {
        ArgumentNullException.ThrowIfNull(condition);
        Stopwatch watch = Stopwatch.StartNew();
        while (watch.Elapsed < TimeSpan.FromSeconds(5))
        {
            if (condition())
                return;
            Thread.Sleep(10);
        }

        condition().Should().BeTrue(what);
    }

    /// <summary>The connection of a runtime that has returned: without one, an accept(2) would wait for ever.</summary>
    protected static Socket Connected(Socket listener)
    {
        ArgumentNullException.ThrowIfNull(listener);
        listener.Poll(TimeSpan.FromSeconds(5), SelectMode.SelectRead).Should().BeTrue("somebody has connected");
        return listener.Accept();
    }

    /// <summary>Runs a program of the host and asserts its success.</summary>
    protected static void Execute(string program, params string[] arguments)
    {
        using Process process = Process.Start(program, arguments);
        process.WaitForExit();
        process.ExitCode.Should().Be(0, program);
    }

    protected static int Permissions(string path)
    {
        Mono.Unix.Native.Syscall.lstat(path, out Mono.Unix.Native.Stat stat).Should().Be(0);
        return (int)stat.st_mode & 0b111_111_111_111;
    }

    public void Dispose()
    {
        GC.SuppressFinalize(this);
        IReadOnlyList<string> left = Array.Empty<string>();
        try
        {
            if (runtime is not null)
            {
                foreach (string id in ids)
                    Runtime.Run("delete", "--force", id);
                foreach (string id in refusedIds)
                    Runtime.Run("delete", "--force", "--", id);
                left = Leftovers.Find(Work, Runtime.Root ?? Path.Combine(Work, "root"), ids);
            }
        }
        finally
        {
            Leftovers.Remove(Work, ids);
        }

        left.Should().BeEmpty("a test's containers leave nothing behind");
    }
}
