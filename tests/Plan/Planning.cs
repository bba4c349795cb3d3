using System;
using System.Collections.Generic;
using System.Linq;
using System.Runtime.InteropServices;
using OciRun.Errors;
using OciRun.Plan;
using OciRun.Tests.Spec;

namespace OciRun.Tests.Plan;

/// <summary>A config in pieces, and what the command and the machine add to it.</summary>
internal sealed record Sample
{
    /// <summary>Words such as <c>pid</c>, or <c>pid:/path</c> for a namespace that is joined.</summary>
    public string Namespaces { get; init; } = "pid network ipc uts mount cgroup";

    /// <summary>Members of process, linux and root, and of the document itself, as JSON.</summary>
    public string Process { get; init; } = "";

    public string Linux { get; init; } = "";

    public string Root { get; init; } = "";

    public string Document { get; init; } = "";

    public Func<PlanRequest, PlanRequest> Request { get; init; } = request => request;

    public override string ToString() => string.Join(" | ", Namespaces, Document, Process, Linux, Root);

    public ContainerPlan Plan()
    {
        string namespaces = string.Join(", ", Namespaces.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(Namespace));
        return Planner.Make(Request(new PlanRequest
        {
            Config = Reading.Members($$"""
                "process": {"args": ["sh"], "cwd": "/"{{More(Process)}}},
                "root": {"path": "rootfs"{{More(Root)}}},
                "linux": {"namespaces": [{{namespaces}}]{{More(Linux)}}}{{More(Document)}}
                """),
            Bundle = "/bundle",
            Rootfs = "/bundle/rootfs",
            Id = "box",
            Privileged = true,
        }));
    }

    /// <summary>Where and why the plan is refused.</summary>
    public string Refusal()
    {
        try
        {
            Plan();
            return "";
        }
        catch (FaultException e)
        {
            return e.Fault.Text();
        }
    }

    private static string More(string members) => members.Length == 0 ? "" : ", " + members;

    private static string Namespace(string word)
    {
        int colon = word.IndexOf(':');
        return colon < 0 ? $$"""{"type": "{{word}}"}""" : $$"""{"type": "{{word[..colon]}}", "path": "{{word[(colon + 1)..]}}"}""";
    }
}

/// <summary>Short forms of looking into a plan.</summary>
internal static unsafe class Planning
{
    public static Step[] All(this ContainerPlan plan, params Op[] ops) => plan.Steps.Where(step => ops.Contains(step.Op)).ToArray();

    public static Step One(this ContainerPlan plan, Op op) => plan.Steps.Single(step => step.Op == op);

    public static string? FieldOf(this ContainerPlan plan, in Step step) => plan.Fields[step.Field];

    public static int Last(this ContainerPlan plan, Op op) => plan.Steps.ToList().FindLastIndex(step => step.Op == op);

    public static string? Text(byte* text) => Marshal.PtrToStringUTF8((nint)text);

    public static MountStep Mount(this ContainerPlan plan, int index) =>
        *(MountStep*)plan.All(Op.MountFilesystem, Op.MountCgroup, Op.MountBind)[index].Data;

    public static string[] Environment(this ContainerPlan plan) => Vector(((ExecuteStep*)plan.One(Op.Execute).Data)->Envp);

    public static string[] Arguments(this ContainerPlan plan) => Vector(((ExecuteStep*)plan.One(Op.Execute).Data)->Argv);

    public static string? SearchPath(this ContainerPlan plan) => Text(((ExecuteStep*)plan.One(Op.Execute).Data)->SearchPath);

    public static IdentityStep Identity(this ContainerPlan plan) => *(IdentityStep*)plan.One(Op.SetIds).Data;

    /// <summary>Path, mode and number of every node: <c>null 20666 0x103</c>.</summary>
    public static string[] Devices(this ContainerPlan plan) => plan.All(Op.MakeDevice, Op.BindDevice).Select(step =>
    {
        DeviceStep* device = (DeviceStep*)step.Data;
        return $"{Text(device->Path)} {Convert.ToString(device->Mode, 8)} 0x{device->Device:x}";
    }).ToArray();

    private static string[] Vector(byte** vector)
    {
        List<string> words = [];
        for (int i = 0; vector[i] is not null; i++)
            words.Add(Text(vector[i])!);
        return words.ToArray();
    }
}
