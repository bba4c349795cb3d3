using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using FluentAssertions;
using OciRun.Errors;
using Xunit;

namespace OciRun.Tests.Errors;

[Collection("Process")]
public sealed class TraceTests : IDisposable
{
    public void Dispose() => Trace.Finish();

    [Fact]
    public void Without_a_trace_nothing_is_kept()
    {
        Trace.IsOn.Should().BeFalse();
        Trace.Now().Should().Be(0);
        Trace.Phase("a").Should().Be(0);
        Trace.Add(new TraceEvent { Name = "x", Start = 1, End = 2 });
        Trace.Fail(new Fault("no")).Should().BeTrue();
        Trace.Finish().Should().BeNull();
        Trace.Descriptor.Should().Be(-1);
    }

    [Fact]
    public void Phases_follow_one_another_without_a_gap()
    {
        Trace.Keep(5);
        Trace.Descriptor.Should().Be(5);
        long first = Trace.Phase("a");
        long second = Trace.Phase("b");
        List<TraceEvent> events = Trace.Finish()!;
        events.Select(one => one.Name).Should().Equal("a", "b");
        events[0].Start.Should().Be(first).And.BePositive();
        events[0].End.Should().Be(second).And.BeGreaterThanOrEqualTo(first);
        events[1].Start.Should().Be(second);
        events[1].End.Should().BeGreaterThanOrEqualTo(second);
        Trace.IsOn.Should().BeFalse();
    }

    [Fact]
    public void A_failure_is_that_of_the_phase_and_the_clean_up_follows()
    {
        Trace.Keep(5);
        Trace.Phase("a");
        Trace.Phase("b");
        Trace.Fail(new Fault("no") { Field = "root", Syscall = "openat", Errno = 2 });
        Trace.Fail(new Fault("another")).Should().BeTrue("only the first counts");
        List<TraceEvent> events = Trace.Finish()!;
        events.Select(one => one.Name).Should().Equal("a", "b", "clean-up");
        events[0].Error.Should().BeNull();
        events[1].Error.Should().StartWith("root: no");
        events[1].Errno.Should().Be(2);
        events[1].Syscall.Should().Be("openat");
        events[2].Error.Should().BeNull();
    }

    [Fact]
    public void A_debug_log_has_the_phases_without_a_trace()
    {
        string file = Path.Combine(Path.GetTempPath(), $"ocirun-trace-{Guid.NewGuid():N}");
        Log.Open(file, "text", null, debug: true);
        try
        {
            Trace.IsOn.Should().BeTrue();
            Trace.IsKept.Should().BeFalse();
            Trace.Phase("plan");
            Log.DebugAt("earlier", 1_000_000_005);
        }
        finally
        {
            Log.Close();
            Log.Open(null, null, null, debug: false);
        }

        string[] lines = File.ReadAllLines(file);
        File.Delete(file);
        lines[0].Should().EndWith("level=debug msg=\"phase: plan\"");
        lines[1].Should().Be("time=\"1970-01-01T00:00:01.000000005Z\" level=debug msg=\"earlier\"");
    }
}
