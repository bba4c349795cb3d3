using System.Collections.Generic;
using System.Text;
using OciRun.Errors;
using OciRun.Kernel;
using OciRun.Spec;

namespace OciRun.Plan;

/// <summary>A plan in readable form: one line per step, the same for the same config on the same machine.</summary>
internal static unsafe partial class PlanText
{
    /// <summary>Lines of "number  operation  what  [config field]".</summary>
    public static string Text(ContainerPlan plan)
    {
        StringBuilder text = new();
        text.Append("clone ").AppendJoin(' ', Names(plan.CloneFlags, CloneFlags, "into the runtime's namespaces")).Append('\n');
        foreach (Step step in plan.ParentSteps)
            Line(text, plan, "parent", step);
        for (int i = 0; i < plan.Steps.Count; i++)
            Line(text, plan, (i + 1).ToString().PadLeft(3), plan.Steps[i]);
        return text.ToString();
    }

    private static void Line(StringBuilder text, ContainerPlan plan, string number, in Step step)
    {
        text.Append(number).Append("  ").Append(OpName.Of(step.Op).PadRight(26));
        string arguments = Arguments(plan, step);
        text.Append(arguments);
        string? field = plan.Fields.Count > step.Field ? plan.Fields[step.Field] : null;
        if (field is not null)
            text.Append(arguments.Length > 0 ? "  [" : "[").Append(Printable.Of(field)).Append(']');
        while (text[^1] == ' ')
            text.Length--;
        text.Append('\n');
    }

    /// <summary>The same as a JSON array of {step, operation, arguments, field}; step 0 is the parent's, before the clone.</summary>
    public static byte[] Json(ContainerPlan plan)
    {
        JsonText json = new(' ', 2);
        json.Array();
        foreach (Step step in plan.ParentSteps)
            Member(json, plan, 0, step);
        for (int i = 0; i < plan.Steps.Count; i++)
            Member(json, plan, i + 1, plan.Steps[i]);
        json.EndArray();
        json.Newline();
        return json.ToArray();
    }

    private static void Member(JsonText json, ContainerPlan plan, int number, in Step step)
    {
        json.Object();
        json.Member("step"u8, number);
        json.Member("operation"u8, OpName.Of(step.Op));
        string arguments = Arguments(plan, step);
        if (arguments.Length > 0)
            json.Member("arguments"u8, arguments);
        string? field = plan.Fields.Count > step.Field ? plan.Fields[step.Field] : null;
        if (field is not null)
            json.Member("field"u8, field);
        json.EndObject();
    }

    /// <summary>What a step does it to, empty when its name says it all.</summary>
    public static string Arguments(ContainerPlan plan, in Step step) => step.Op switch
    {
        Op.JoinNamespace => $"{string.Join(' ', Names((ulong)step.Flags, CloneFlags, ""))} {Joined(plan, step.Slot)}",
        Op.JoinProcess or Op.Unshare or Op.CloneFinal => string.Join(' ', Names((ulong)step.Flags, CloneFlags, "")),
        Op.Propagation or Op.RootPropagation => string.Join(' ', Names((ulong)step.Flags, MountFlags, "")),
        Op.Hostname or Op.Domainname or Op.SessionKeyring or Op.OpenLayer or Op.AttachRootfs or Op.OpenSource or Op.OpenNull or Op.OpenProc
            or Op.OpenDev or Op.WorkingDirectory or Op.ReadonlyPath or Op.MaskPath or Op.Unmount => Quote(step.Text),
        Op.OpenTimeOffsets or Op.TimeOffsets or Op.KeyringLabel or Op.ApparmorProfile or Op.SelinuxLabel => Quote(step.Text),
        Op.Personality => PersonalityNames.Domains[System.Array.IndexOf(PersonalityNames.Numbers, (int)step.Flags)],
        Op.IoPriority => IoPriority(step.Flags),
        Op.Scheduler => Scheduler((sched_attr*)step.Data),
        Op.MemoryPolicy => MemoryPolicy(step),
        Op.MountLayers => Layers((LayersStep*)step.Data),
        Op.Sysctl or Op.MakeSymlink or Op.ReplaceSymlink => $"{Quote(step.Text)} {Quote(step.Second)}",
        Op.MountFilesystem or Op.MountCgroup or Op.MountBind => Mount(step),
        Op.MakeDevice or Op.BindDevice => Device(step),
        Op.Umask => "0" + System.Convert.ToString(step.Flags, 8),
        Op.Hook => Vector(((HookStep*)step.Data)->Argv),
        Op.Rlimit => $"{((rlimit64*)step.Data)->rlim_cur} {((rlimit64*)step.Data)->rlim_max}",
        Op.OwnStdio or Op.Home => $"uid {step.Flags}",
        Op.DropBounding or Op.SetIds or Op.SetCapabilities or Op.RaiseAmbient => Identity(step),
        Op.FindExecutable or Op.Execute => Vector(((ExecuteStep*)step.Data)->Argv),
        _ => "",
    };

    private static string Joined(ContainerPlan plan, int slot)
    {
        foreach (JoinedNamespace joined in plan.Joined)
        {
            if (joined.Slot == slot)
                return $"\"{Printable.Of(joined.Path.ToString())}\"";
        }

        return "";
    }

    private static string Layers(LayersStep* l)
    {
        StringBuilder text = new();
        text.Append(l->LowerCount).Append(l->LowerCount == 1 ? " layer" : " layers");
        text.Append(l->Ephemeral != 0 ? ", upper in tmpfs" : l->Writable != 0 ? ", upper" : ", read-only");
        if (l->Mapped != 0)
            text.Append(", ids mapped");
        text.Append(" on ").Append(l->Detached != 0 ? "a detached mount" : l->Target is null ? "\"/\"" : Quote(l->Target));
        if (l->OptionCount > 0)
            text.Append(", data \"").Append(Plain(l->Data).TrimEnd(',')).Append('"');
        return text.ToString();
    }

    private static string Mount(in Step step)
    {
        MountStep* m = (MountStep*)step.Data;
        StringBuilder text = new();
        text.Append(step.Op == Op.MountBind ? "bind" : Plain(m->Type)).Append(" on ").Append(Quote(m->Target));
        Append(text, "set", m->AttributesSet);
        Append(text, "clear", m->AttributesClear);
        Append(text, "set recursively", m->RecursiveSet);
        Append(text, "clear recursively", m->RecursiveClear);
        if (m->Data is not null)
            text.Append(", data ").Append(Quote(m->Data));
        if (m->Label is not null)
            text.Append(", label ").Append(Quote(m->Label));
        if (m->CopyUp is not null)
            text.Append(", with the directory's content");
        for (int i = 0; i < m->PropagationCount; i++)
            text.Append(", ").AppendJoin(' ', Names(m->Propagation[i], MountFlags, ""));
        return text.ToString();
    }

    private static void Append(StringBuilder text, string what, ulong attributes)
    {
        if (attributes != 0)
            text.Append(", ").Append(what).Append(' ').AppendJoin(' ', Names(attributes, MountAttributes, ""));
    }

    private static string Device(in Step step)
    {
        DeviceStep* d = (DeviceStep*)step.Data;
        char type = (d->Mode & Uapi.S_IFMT) switch { Uapi.S_IFCHR => 'c', Uapi.S_IFBLK => 'b', _ => 'p' };
        ulong major = (d->Device >> 8) & 0xfff;
        ulong minor = (d->Device & 0xff) | ((d->Device >> 12) & 0xffffff00);
        return $"{Quote(d->Path)} {type} {major}:{minor} 0{System.Convert.ToString(d->Mode & 0xfff, 8)} {d->Uid}:{d->Gid}";
    }

    private static string Identity(in Step step)
    {
        IdentityStep* id = (IdentityStep*)step.Data;
        return step.Op switch
        {
            Op.SetIds => $"uid {id->Uid} gid {id->Gid} groups {id->GroupCount}",
            Op.DropBounding => $"keep {id->Bounding:x}",
            Op.RaiseAmbient => $"{id->Ambient:x}",
            _ => $"effective {id->Effective:x} permitted {id->Permitted:x} inheritable {id->Inheritable:x}"
                + (step.Flags != 0 && id->Temporary != 0 ? $" and for now {id->Temporary:x}" : ""),
        };
    }

    private static string Vector(byte** argv)
    {
        List<string> words = [];
        for (int i = 0; argv[i] is not null; i++)
            words.Add(Quote(argv[i]));
        return string.Join(' ', words);
    }

    private static string Quote(byte* text) => "\"" + Plain(text) + "\"";

    private static string Plain(byte* text)
    {
        int length = 0;
        while (text is not null && text[length] != 0)
            length++;
        return Printable.Of(Encoding.UTF8.GetString(text, length));
    }
}
