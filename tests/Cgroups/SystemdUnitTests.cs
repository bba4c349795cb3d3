using System;
using System.Diagnostics;
using System.Linq;
using FluentAssertions;
using OciRun.Cgroups;
using OciRun.Errors;
using Xunit;

namespace OciRun.Tests.Cgroups;

/// <summary>A unit's life with a systemd that does what each test scripts.</summary>
public sealed class SystemdUnitTests
{
    private const string Name = "ocirun-test.scope";
    private const string Exists = "org.freedesktop.systemd1.UnitExists";
    private static readonly DBusValue Job = DBusValue.OfType('o', "/org/freedesktop/systemd1/job/5");

    [Fact]
    public void Starting_is_one_call_and_the_end_of_its_job()
    {
        using FakeBus bus = new() { OnCall = Systemd };
        Start(bus);
        bus.Calls.Should().HaveCount(3);
        bus.Calls[0].Should().Be("Hello");
        bus.Calls[1].Should().Be(
            "AddMatch s \"type='signal',sender='org.freedesktop.systemd1',path='/org/freedesktop/systemd1',"
            + "interface='org.freedesktop.systemd1.Manager',member='JobRemoved',arg2='ocirun-test.scope'\"");
        bus.Calls[2].Should().Be(
            "StartTransientUnit s \"ocirun-test.scope\" s \"replace\" a(sv) [(\"TasksMax\", <t 7>)] a(sa(sv)) []");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    [InlineData(64)]
    public void The_signal_may_come_before_the_answer_and_in_pieces(int piece)
    {
        using FakeBus bus = new()
        {
            Piece = piece,
            OnCall = (member, _, serial) => member == "StartTransientUnit"
                ? [.. DBusWire.JobRemoved(5, Job.Text, Name, "done"), .. DBusWire.Return(serial, Job)]
                : DBusWire.Return(serial),
        };
        Start(bus);
    }

    [Fact]
    public void Signals_about_other_jobs_or_of_others_are_no_answer()
    {
        using FakeBus bus = new()
        {
            OnCall = (member, _, serial) => member != "StartTransientUnit" ? DBusWire.Return(serial) :
            [
                .. DBusWire.JobRemoved(4, "/org/freedesktop/systemd1/job/4", Name, "done"),
                .. DBusWire.JobRemoved(5, Job.Text, "other.scope", "done"),
                .. DBusWire.Return(serial, Job),
                .. DBusWire.JobRemoved(5, Job.Text, Name, "done", sender: ":1.66"),
                .. DBusWire.Signal("/x", "org.x.Y", "JobRemoved", ":1.0", DBusValue.Of(1u)),
                .. DBusWire.JobRemoved(5, Job.Text, Name, "canceled"),
            ],
        };
        Failure(bus).Text().Should().Be(
            "linux.cgroupsPath: systemd could not start ocirun-test.scope: the job ended as \"canceled\"; 'journalctl -u ocirun-test.scope' may say why");
    }

    [Theory]
    [InlineData("failed")]
    [InlineData("timeout")]
    [InlineData("dependency")]
    [InlineData("skipped")]
    public void A_job_that_is_not_done_is_a_failure(string result)
    {
        using FakeBus bus = new()
        {
            OnCall = (member, _, serial) => member != "StartTransientUnit" ? DBusWire.Return(serial) :
            [.. DBusWire.Return(serial, Job), .. DBusWire.JobRemoved(5, Job.Text, Name, result)],
        };
        Failure(bus, started: true).Message.Should().Be($"systemd could not start {Name}: the job ended as \"{result}\"");
    }

    [Fact]
    public void Silence_ends_at_the_limit()
    {
        using FakeBus bus = new() { OnCall = (_, _, _) => null };
        long start = Stopwatch.GetTimestamp();
        Failure(bus).Should().Match<Fault>(fault =>
            fault.Message == $"systemd did not start {Name} within 0.3 s" && fault.Code == DBusConnection.TimeoutCode);
        Stopwatch.GetElapsedTime(start).TotalSeconds.Should().BeInRange(0.29, 5);
    }

    [Fact]
    public void A_job_that_never_ends_ends_at_the_limit_and_is_ours()
    {
        using FakeBus bus = new() { OnCall = (member, _, serial) => DBusWire.Return(serial, member == "StartTransientUnit" ? Job : null) };
        Failure(bus, started: true).Message.Should().Be($"systemd did not start {Name} within 0.3 s");
    }

    [Fact]
    public void A_failed_unit_of_the_name_is_reset_once()
    {
        int tries = 0;
        using FakeBus bus = new()
        {
            OnCall = (member, arguments, serial) => member == "StartTransientUnit" && tries++ == 0
                ? DBusWire.Error(serial, Exists, "Unit was already loaded.")
                : Systemd(member, arguments, serial),
        };
        Start(bus);
        bus.Calls.Select(static call => call.Split(' ')[0]).Should()
            .Equal("Hello", "AddMatch", "StartTransientUnit", "ResetFailedUnit", "StartTransientUnit");
        bus.Calls[3].Should().Be("ResetFailedUnit s \"ocirun-test.scope\"");
    }

    [Fact]
    public void A_unit_of_another_is_left_alone()
    {
        using FakeBus bus = new()
        {
            OnCall = (member, _, serial) => member == "StartTransientUnit"
                ? DBusWire.Error(serial, Exists, "Unit ocirun-test.scope was already loaded or has a fragment file.")
                : DBusWire.Return(serial),
        };
        Failure(bus).Text().Should().Be(
            "linux.cgroupsPath: systemd refuses to start ocirun-test.scope: Unit ocirun-test.scope was already loaded or has a fragment "
            + "file; another container or program has this unit; 'systemctl status ocirun-test.scope' shows it");
        bus.Calls.Should().NotContain(static call => call.StartsWith("StopUnit"));
    }

    [Fact]
    public void An_error_says_what_systemd_says()
    {
        using FakeBus bus = new()
        {
            OnCall = (member, _, serial) => member == "StartTransientUnit"
                ? DBusWire.Error(serial, "org.freedesktop.DBus.Error.PropertyReadOnly", "Cannot set property Foo, or unknown property.")
                : DBusWire.Return(serial),
        };
        Failure(bus).Message.Should().Be($"systemd refuses to start {Name}: Cannot set property Foo, or unknown property");
    }

    [Theory]
    [InlineData(1, null)]
    [InlineData(9, "the message bus at * closed the connection")]
    public void A_lost_connection_is_made_again_once(int losses, string? failure)
    {
        int lost = 0;
        using FakeBus bus = new();
        bus.OnCall = (member, arguments, serial) => member == "StartTransientUnit" && lost < losses ? null : Systemd(member, arguments, serial);
        bus.HangUp = member => member == "StartTransientUnit" && lost++ < losses;
        if (failure is null)
            Start(bus);
        else
            Failure(bus).Message.Should().Match(failure);
        bus.Connections.Should().Be(2);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void After_a_lost_connection_the_unit_may_be_there_because_of_us(bool isThere)
    {
        int calls = 0;
        using FakeBus bus = new();
        bus.OnCall = (member, _, serial) => member != "StartTransientUnit" ? DBusWire.Return(serial)
            : calls++ == 0 ? null : DBusWire.Error(serial, Exists, "exists");
        bus.HangUp = member => member == "StartTransientUnit" && calls == 1;
        using SystemdUnit unit = Unit(bus);
        unit.Start(Tasks());
        Action wait = () => unit.AwaitStart(() => isThere);
        if (isThere)
            wait.Should().NotThrow();
        else
            wait.Should().Throw<FaultException>();
        unit.IsStarted.Should().Be(isThere);
    }

    [Fact]
    public void Stopping_waits_for_the_job_and_resets()
    {
        using FakeBus bus = new() { OnCall = Systemd };
        using SystemdUnit unit = Unit(bus);
        unit.Stop();
        bus.Calls.Skip(2).Should().Equal("StopUnit s \"ocirun-test.scope\" s \"replace\"", "ResetFailedUnit s \"ocirun-test.scope\"");
    }

    [Fact]
    public void Stopping_a_unit_that_is_gone_is_fine()
    {
        using FakeBus bus = new()
        {
            OnCall = (member, _, serial) => member == "StopUnit"
                ? DBusWire.Error(serial, "org.freedesktop.systemd1.NoSuchUnit", "not loaded")
                : DBusWire.Return(serial),
        };
        using SystemdUnit unit = Unit(bus);
        unit.Stop();
        bus.Calls.Should().HaveCount(3);
    }

    [Fact]
    public void Stopping_ends_at_the_limit_too()
    {
        using FakeBus bus = new() { OnCall = (_, _, _) => null };
        using SystemdUnit unit = Unit(bus);
        ((Action)(() => unit.Stop())).Should().Throw<FaultException>().Which.Fault.Code.Should().Be(DBusConnection.TimeoutCode);
    }

    [Fact]
    public void Properties_are_changed_for_the_time_being()
    {
        using FakeBus bus = new();
        using SystemdUnit unit = Unit(bus);
        unit.Set(Tasks());
        bus.Calls[^2].Should().Be("SetUnitProperties s \"ocirun-test.scope\" b true a(sv) [(\"TasksMax\", <t 7>)]");
    }

    [Fact]
    public void A_refused_change_says_why()
    {
        using FakeBus bus = new()
        {
            OnCall = (member, _, serial) => member == "SetUnitProperties"
                ? DBusWire.Error(serial, "org.freedesktop.DBus.Error.InvalidArgs", "Value specified in TasksMax is out of range")
                : DBusWire.Return(serial),
        };
        using SystemdUnit unit = Unit(bus);
        Action set = () => unit.Set(Tasks());
        set.Should().Throw<FaultException>().Which.Fault.Message.Should()
            .Be($"systemd refuses to change the properties of {Name}: Value specified in TasksMax is out of range");
    }

    [Fact]
    public void The_manager_tells_its_version_and_cgroup()
    {
        using FakeBus bus = new()
        {
            OnCall = (_, arguments, serial) => DBusWire.Return(serial, arguments.Contains("\"Version\"")
                ? DBusValue.Variant(DBusValue.Of("257.13-1~deb13u1"))
                : arguments.Contains("\"ControlGroup\"") ? DBusValue.Variant(DBusValue.Of("/user.slice/user-1.slice/user@1.service")) : null),
        };
        using SystemdUnit unit = Unit(bus);
        (unit.Version, unit.Version, unit.ControlGroup).Should().Be((257, 257, "/user.slice/user-1.slice/user@1.service"));
        bus.Calls.Count(static call => call.Contains("\"Version\"")).Should().Be(1);
    }

    [Theory]
    [InlineData("257.13-1~deb13u1", 257)]
    [InlineData("v239 (239-82.el8)", 239)]
    [InlineData("", 0)]
    [InlineData("unknown", 0)]
    public void Versions(string text, int version) => SystemdUnit.ParseVersion(text).Should().Be(version);

    private static byte[] Systemd(string member, string arguments, uint serial) => member is "StartTransientUnit" or "StopUnit"
        ? [.. DBusWire.Return(serial, Job), .. DBusWire.JobRemoved(5, Job.Text, Name, "done")]
        : DBusWire.Return(serial);

    private static void Start(FakeBus bus)
    {
        using SystemdUnit unit = Unit(bus);
        unit.Start(Tasks());
        unit.AwaitStart(static () => false);
        unit.IsStarted.Should().BeTrue();
    }

    private static Fault Failure(FakeBus bus, bool started = false)
    {
        using SystemdUnit unit = Unit(bus);
        unit.Start(Tasks());
        Action wait = () => unit.AwaitStart(static () => false);
        Fault fault = wait.Should().Throw<FaultException>().Which.Fault;
        if (started)
            unit.IsStarted.Should().BeTrue();
        return fault;
    }

    private static SystemdUnit Unit(FakeBus bus) => new(bus.Instance, Name, 0, TimeSpan.FromSeconds(0.3));

    private static SystemdProperties Tasks()
    {
        SystemdProperties properties = new();
        properties.Add("TasksMax", DBusValue.Of(7ul));
        return properties;
    }
}
