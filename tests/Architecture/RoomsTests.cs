using System;
using System.Collections.Generic;
using System.Linq;
using FluentAssertions;
using OciRun.Kernel;
using Xunit;

namespace OciRun.Tests.Rooms;

public sealed class RoomsTests
{
    private static readonly Dictionary<string, string[]> MayUse = new(StringComparer.Ordinal)
    {
        ["Kernel"] = [],
        ["Errors"] = ["Kernel"],
        ["Spec"] = ["Errors"],
        ["Host"] = ["Kernel", "Errors"],
        ["Validate"] = ["Spec", "Host", "Errors"],
        ["Filters"] = ["Spec", "Kernel", "Errors"],
        ["Cgroups"] = ["Spec", "Host", "Filters", "Kernel", "Errors"],
        ["Plan"] = ["Spec", "Host", "Filters", "Cgroups", "Kernel", "Errors"],
        ["Child"] = ["Kernel", "Plan"],
        ["State"] = ["Spec", "Kernel", "Errors"],
        ["Launch"] = ["Kernel", "Errors", "Spec", "Host", "Validate", "Filters", "Cgroups", "Plan", "Child", "State"],
        ["Images"] = ["Kernel", "Errors", "Spec", "Host"],
        ["Commands"] =
            ["Kernel", "Errors", "Spec", "Host", "Validate", "Filters", "Cgroups", "Plan", "Child", "State", "Launch", "Images"],
        ["Program"] =
            ["Kernel", "Errors", "Spec", "Host", "Validate", "Filters", "Cgroups", "Plan", "Child", "State", "Launch", "Commands"],
    };

    private static readonly IReadOnlyList<RoomReference> References = RoomReferences.Of(typeof(Uapi).Assembly.Location);

    [Fact]
    public void Every_room_has_a_row() =>
        References.SelectMany(reference => new[] { reference.From, reference.To }).ToHashSet(StringComparer.Ordinal)
            .Should().BeSubsetOf(MayUse.Keys);

    [Fact]
    public void A_room_uses_only_the_rooms_of_its_row() =>
        References.Where(reference => !MayUse[reference.From].Contains(reference.To)).Select(reference => reference.ToString())
            .Should().BeEmpty();

    // After clone: no class but the door to the kernel, so nothing that could allocate.
    [Fact]
    public void The_child_uses_only_raw_calls_and_blittable_types() =>
        References.Where(reference => reference.From == "Child" && !reference.ToValueType && reference.Type != "Raw")
            .Select(reference => reference.ToString()).Should().BeEmpty();

    [Fact]
    public void References_in_signatures_and_bodies_are_seen()
    {
        References.Should().Contain(new RoomReference("Errors", "Fault.Text", "Kernel", "Errno", ToValueType: false));
        References.Should().Contain(new RoomReference("Cgroups", "CgroupPath.Resolve", "Spec", "Utf8", ToValueType: true));
        References.Should().Contain(new RoomReference("Filters", "DeviceProgram.Compile", "Spec", "DeviceRule", ToValueType: false));
    }
}
