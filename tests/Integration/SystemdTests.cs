using System;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Threading;
using FluentAssertions;
using OciRun.Cgroups;
using OciRun.Tests.Cgroups;

namespace OciRun.Tests.Integration;

/// <summary>The systemd driver with a systemd that fails in every way (security.md F-37, F-38, F8); the base class looks for leftovers.</summary>
public sealed class SystemdTests : RuntimeTest
{
    private static readonly DBusValue Job = DBusValue.OfType('o', "/org/freedesktop/systemd1/job/5");

    [RuntimeFact]
    public void A_unit_of_another_is_left_alone()
    {
        using FakeBus bus = Scripted(static serial => DBusWire.Error(serial, "org.freedesktop.systemd1.UnitExists", "Unit was already loaded."));
        Run(bus).Err.Should().Contain($"systemd refuses to start ocirun-{Id}.scope: Unit was already loaded; another container or program has this unit");
        Members(bus).Should().Equal("Hello", "AddMatch", "StartTransientUnit", "ResetFailedUnit", "StartTransientUnit");
    }

    [RuntimeFact]
    public void A_job_that_fails_is_told_and_its_unit_stopped()
    {
        using FakeBus bus = Scripted(serial => Ends(serial, "failed"));
        Run(bus).Err.Should().Contain($"systemd could not start ocirun-{Id}.scope: the job ended as \\\"failed\\\"");
        Members(bus).Should().Contain("StopUnit");
    }

    [RuntimeFact]
    public void A_job_that_did_not_move_the_process_is_not_believed()
    {
        using FakeBus bus = Scripted(serial => Ends(serial, "done"));
        Run(bus).Err.Should().Contain($"the container's process is not in /system.slice/ocirun-{Id}.scope, where systemd was to put it");
        Members(bus).Should().Contain("StopUnit");
    }

    [RuntimeFact]
    public void A_connection_that_ends_twice_is_told()
    {
        using FakeBus bus = Scripted(static _ => null);
        bus.HangUp = static member => member == "StartTransientUnit";
        Run(bus).Err.Should().Contain($"the message bus at {bus.Path} closed the connection");
        bus.Connections.Should().Be(2);
    }

    [RuntimeFact]
    public void A_signal_ends_the_wait_for_a_silent_systemd()
    {
        using FakeBus bus = Scripted(static _ => null);
        Runtime.Call call = Call(bus);
        using Process process = call.Start();
        SpinWait.SpinUntil(() => Members(bus).Contains("StartTransientUnit"), TimeSpan.FromSeconds(20)).Should().BeTrue();
        long start = Stopwatch.GetTimestamp();
        Mono.Unix.Native.Syscall.kill(process.Id, Mono.Unix.Native.Signum.SIGTERM);
        call.Finish(process).Err.Should().Contain("interrupted by signal 15");
        Stopwatch.GetElapsedTime(start).TotalSeconds.Should().BeLessThan(8);
    }

    [RuntimeFact]
    public void Without_a_bus_the_error_says_so() =>
        Written().With("--systemd-cgroup", "run", "-b", Bundle.Path, Id).Env("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent/bus").Run()
            .Should().Match<Outcome>(outcome => outcome.Exit == 1
                && outcome.Err.Contains("cannot connect to the message bus at /nonexistent/bus: no such file or directory (connect: ENOENT)"));

    private Runtime Written()
    {
        Bundle.Save();
        return Runtime;
    }

    private Outcome Run(FakeBus bus)
    {
        Outcome outcome = Call(bus).Run();
        outcome.Exit.Should().Be(1);
        Directory.Exists($"{Runtime.Root}/{Id}").Should().BeFalse();
        return outcome;
    }

    private Runtime.Call Call(FakeBus bus) =>
        Written().With("--systemd-cgroup", "run", "-b", Bundle.Path, Id).Env("DBUS_SYSTEM_BUS_ADDRESS", $"unix:path={bus.Path}");

    // What answers a start; all else succeeds.
    private static FakeBus Scripted(Func<uint, byte[]?> start) => new()
    {
        OnCall = (member, _, serial) => member switch
        {
            "StartTransientUnit" => start(serial),
            "StopUnit" => DBusWire.Error(serial, "org.freedesktop.systemd1.NoSuchUnit", "gone"),
            _ => DBusWire.Return(serial),
        },
    };

    private byte[] Ends(uint serial, string result) =>
        [.. DBusWire.Return(serial, Job), .. DBusWire.JobRemoved(5, Job.Text, $"ocirun-{Id}.scope", result)];

    private static string[] Members(FakeBus bus)
    {
        lock (bus.Calls)
            return [.. bus.Calls.Select(static call => call.Split(' ')[0])];
    }
}
