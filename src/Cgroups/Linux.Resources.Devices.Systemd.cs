using System.Collections.Generic;
using OciRun.Filters;

namespace OciRun.Cgroups;

internal sealed partial class SystemdProperties
{
    /// <summary>
    /// DevicePolicy and DeviceAllow for what the device program allows, so that systemd's own program, which it attaches
    /// again at every reload, forbids the same. Where its list cannot say it (everything is allowed by default, or one
    /// minor number of every major), systemd is left without a policy, and the program alone decides.
    /// </summary>
    /// <param name="allowed">Of <see cref="DeviceProgram.Allowed"/>.</param>
    public void AddDevices(List<AllowedDevices>? allowed)
    {
        if (allowed is null)
            return;
        DBusValue[] list = new DBusValue[allowed.Count];
        for (int i = 0; i < list.Length; i++)
        {
            if (Pattern(allowed[i]) is not { } pattern)
                return;
            list[i] = DBusValue.Struct(DBusValue.Of(pattern), DBusValue.Of(allowed[i].Access));
        }

        Add("DevicePolicy", DBusValue.Of("strict"));

        // Without this one the list is added to what is there.
        Add("DeviceAllow", DBusValue.Array("(ss)"));
        Add("DeviceAllow", DBusValue.Array("(ss)", list));
    }

    /// <summary>The same for a unit that has a policy, which may be none any more.</summary>
    public void ReplaceDevices(List<AllowedDevices>? allowed)
    {
        int before = _all.Count;
        AddDevices(allowed);
        if (_all.Count != before)
            return;
        Add("DevicePolicy", DBusValue.Of("auto"));
        Add("DeviceAllow", DBusValue.Array("(ss)"));
    }

    // systemd.resource-control(5), DeviceAllow=; a major number in place of a name is known since systemd 240, as is a
    // node in /dev/char that does not exist.
    private static string? Pattern(in AllowedDevices devices)
    {
        string type = devices.IsBlock ? "block" : "char";
        return (devices.Major, devices.Minor) switch
        {
            (null, null) => $"{type}-*",
            (null, _) => null,
            ({ } major, null) => $"{type}-{major}",
            ({ } major, { } minor) => $"/dev/{type}/{major}:{minor}",
        };
    }
}
