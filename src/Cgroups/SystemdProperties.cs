using System.Collections.Generic;
using System.Globalization;
using OciRun.Errors;

namespace OciRun.Cgroups;

/// <summary>Properties of a unit (org.freedesktop.systemd1(5)), in the order in which systemd sets them.</summary>
internal sealed partial class SystemdProperties
{
    private readonly List<(string Name, DBusValue Value)> _all = [];

    public bool IsEmpty => _all.Count == 0;

    /// <summary>As StartTransientUnit and SetUnitProperties take them: <c>a(sv)</c>.</summary>
    public DBusValue ToValue()
    {
        DBusValue[] items = new DBusValue[_all.Count];
        for (int i = 0; i < items.Length; i++)
            items[i] = DBusValue.Struct(DBusValue.Of(_all[i].Name), DBusValue.Variant(_all[i].Value));
        return DBusValue.Array("(sv)", items);
    }

    /// <summary>What every unit of a container has (features.md CG12).</summary>
    /// <param name="path">Its names.</param>
    /// <param name="id">The container's.</param>
    /// <param name="pid">The first process of a scope. A slice holds none when it starts.</param>
    /// <remarks>
    /// CollectMode (systemd 236) lets systemd forget a unit that failed, which an out-of-memory kill counts as; else its
    /// name would stay taken.
    /// </remarks>
    public void AddUnit(SystemdPath path, string id, int pid)
    {
        Add("Description", DBusValue.Of($"ocirun container {id}"));
        if (path.IsSlice)
        {
            Add("Wants", DBusValue.Strings(path.Slice));
        }
        else
        {
            Add("Slice", DBusValue.Of(path.Slice));
            Add("Delegate", DBusValue.Of(true));
            Add("PIDs", DBusValue.Array("u", DBusValue.Of((uint)pid)));
            Add("CollectMode", DBusValue.Of("inactive-or-failed"));
        }

        Add("MemoryAccounting", DBusValue.Of(true));
        Add("CPUAccounting", DBusValue.Of(true));
        Add("IOAccounting", DBusValue.Of(true));
        Add("TasksAccounting", DBusValue.Of(true));
        Add("DefaultDependencies", DBusValue.Of(false));
    }

    /// <summary>Appends all of another list.</summary>
    public void Add(SystemdProperties others) => _all.AddRange(others._all);

    public void Add(string name, DBusValue value) => _all.Add((name, value));

    public override string ToString()
    {
        System.Text.StringBuilder text = new();
        foreach ((string name, DBusValue value) in _all)
            text.Append(name).Append('=').Append(value).Append('\n');
        return text.ToString();
    }

    private static DBusValue Number(ulong value) => DBusValue.Of(value);

    // The number of a file's text; UINT64_MAX is systemd's infinity. Null for another form, such as 50%.
    private static ulong? Limit(string text) =>
        text == "max" ? ulong.MaxValue
        : ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ulong number) ? number
        : null;

    private static FaultException Refused(string field, string? value, string message, string hint) =>
        new(new Fault(message) { Field = field, Value = value, Hint = hint });
}
