using System.Collections.Generic;
using OciRun.Kernel;
using OciRun.Spec;

namespace OciRun.Filters;

/// <summary>Devices that are allowed: all with this type and these numbers.</summary>
/// <param name="IsBlock">Block or character devices.</param>
/// <param name="Major">Number; null for every one.</param>
/// <param name="Minor">Number; null for every one.</param>
/// <param name="Access">Letters of <c>rwm</c>.</param>
internal readonly record struct AllowedDevices(bool IsBlock, long? Major, long? Minor, string Access);

internal static partial class DeviceProgram
{
    /// <summary>
    /// What the program allows, for who keeps lists instead; null when the default is to allow, which a list of what is
    /// allowed cannot say.
    /// </summary>
    /// <exception cref="Errors.FaultException">As <see cref="Compile"/>.</exception>
    public static List<AllowedDevices>? Allowed(DeviceRule[]? rules, LinuxDevice[]? nodes = null)
    {
        Exceptions exceptions = Feed(rules, nodes);
        if (exceptions.DefaultAllow)
            return null;
        List<AllowedDevices> allowed = new(exceptions.Count);
        foreach (Exempt exempt in exceptions.List)
        {
            string access = ((exempt.Access & Uapi.BPF_DEVCG_ACC_READ) != 0 ? "r" : "")
                + ((exempt.Access & Uapi.BPF_DEVCG_ACC_WRITE) != 0 ? "w" : "")
                + ((exempt.Access & Uapi.BPF_DEVCG_ACC_MKNOD) != 0 ? "m" : "");
            allowed.Add(new AllowedDevices(
                exempt.Type == Block, exempt.Major == Any ? null : exempt.Major, exempt.Minor == Any ? null : exempt.Minor, access));
        }

        return allowed;
    }
}
